import type { Digest } from '../../registry/digest.ts';

/** Who is told of what is hashed anew, be it that somebody asked for it or that a mirror does it by itself. */
export interface VerificationObserver {
  /** So many bytes are about to be hashed. */
  scrubbed(bytes: number): void;
  /** A file was damaged, and is quarantined and forgotten; `null`: there was no file to keep. */
  damageFound(digest: Digest, reason: string, quarantinedAs: string | null): void;
}
