import { StoreFullError } from '../store/blobStore.ts';

/** Whether writing failed for want of room: no space on the device, or the quota is used up. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof StoreFullError) return true;
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  );
}

/**
 * Settles when something has been noted down, or there was no room to. Only for what the upstream can
 * be asked for again: a disk that is full costs the next client a request, but not this one its answer.
 */
export async function ifRoom(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}
