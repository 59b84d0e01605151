import type { Digest } from '../../registry/digest.ts';

/** How a verification is done. */
export interface VerificationOptions {
  /** Bytes a second to read at most; `undefined`: as fast as the disk allows. */
  readonly rate?: number | undefined;
  /** Begin anew, in the place of going on with one that was interrupted. */
  readonly restart?: boolean | undefined;
}

/** How far a verification has come; all figures are of the whole of it, what an interrupted one did included. */
export interface VerificationProgress {
  readonly kind: 'progress';
  readonly blobs: number;
  readonly totalBlobs: number;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly damaged: number;
  /** Whether it went on with one that was interrupted. */
  readonly resumed: boolean;
}

/** A blob whose bytes do not have their digest, or whose file is gone or unreadable. */
export interface DamageFound {
  readonly kind: 'damaged';
  readonly digest: Digest;
  readonly size: number;
  readonly reason: string;
  /** Where the file lies now; `null` where there was none to keep. */
  readonly quarantinedAs: string | null;
}

/** The end of a verification. */
export interface VerificationDone extends Omit<VerificationProgress, 'kind'> {
  readonly kind: 'done';
  /** Seconds that this run of it took. */
  readonly seconds: number;
}

/** What happens during a verification. */
export type VerificationEvent = VerificationProgress | DamageFound | VerificationDone;
