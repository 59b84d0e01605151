import type { Digest } from '../registry/digest.ts';

/** What lies under a blob's name is not, or no longer, the blob: gone, cut, altered or unreadable. */
export class DamagedBlobError extends Error {
  /** What is wrong with it. */
  readonly reason: string;

  constructor(digest: Digest, reason: string, options?: ErrorOptions) {
    super(`what is held of ${digest} is damaged: ${reason}`, options);
    this.name = 'DamagedBlobError';
    this.reason = reason;
  }
}

// These say that the process has too little of something, and nothing about the file.
const shortages: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/**
 * What an error met at the file of a blob means: that the blob is damaged where the file system reports
 * anything about the file, be it that it is gone or that its disk fails to read. Other errors stay as
 * they are.
 */
export function asDamage(digest: Digest, error: unknown): unknown {
  if (!(error instanceof Error) || !('errno' in error) || !('code' in error)) return error;
  if (shortages.has(error.code)) return error;
  return new DamagedBlobError(digest, error.message, { cause: error });
}
