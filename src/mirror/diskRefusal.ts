import { DamagedBlobError } from '../store/blobDamage.ts';
import { StoreFullError } from '../store/storeFullError.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';

/** What a system call answers when the disk, and not the request, is to blame. */
const refusals: ReadonlySet<unknown> = new Set([
  // No room, or none of the quota.
  'ENOSPC',
  'EDQUOT',
  // It can't be written: mounted read-only, failing, or not ours.
  'EROFS',
  'EIO',
  'EACCES',
  'EPERM',
  // The directory was deleted, unmounted or replaced while the mirror runs.
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EXDEV',
  'ESTALE',
  // No descriptors are left for files.
  'EMFILE',
  'ENFILE',
]);

/**
 * Whether the store could not do its part because of its disk: full, read-only, broken, gone, or out of
 * descriptors. What can be had from the upstream is passed through then.
 */
export function isDiskRefusal(error: unknown): boolean {
  if (error instanceof StoreFullError || error instanceof DamagedBlobError) return true;
  // A network that fails has some of the same codes.
  if (!(error instanceof Error) || error instanceof UpstreamError) return false;
  return 'code' in error && refusals.has(error.code);
}

/**
 * Settles when something has been noted down, or the disk refused to. Only for what the upstream can be
 * asked for again: it costs the next client a request, but not this one its answer.
 */
export async function unlessRefused(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!isDiskRefusal(error)) throw error;
  }
}
