import { parseDigest, type Digest } from '../../registry/digest.ts';

/** How far a walk through the store has come, with the figures of all of it. */
export interface VerificationCursor {
  /** When it began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The last one that was looked at; all that comes before it in the order of digests is done. */
  readonly last: Digest | undefined;
  readonly blobs: number;
  readonly bytes: number;
  readonly damaged: number;
}

/** Where a walk begins. */
export function firstCursor(startedAt: number): VerificationCursor {
  return { startedAt, last: undefined, blobs: 0, bytes: 0, damaged: 0 };
}

/** Reads a cursor as it was written down; `undefined` where it is none, or that of a walk at its beginning. */
export function readCursor(stored: unknown): VerificationCursor | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const { startedAt, last, blobs, bytes, damaged } = stored as Record<string, unknown>;
  const digest = typeof last === 'string' ? parseDigest(last) : undefined;
  if (digest === undefined) return undefined;
  if (!isCount(startedAt) || !isCount(blobs) || !isCount(bytes) || !isCount(damaged)) {
    return undefined;
  }
  return { startedAt, last: digest, blobs, bytes, damaged };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
