import { isDiskRefusal } from '../../mirror/diskRefusal.ts';
import { DigestMismatchError } from '../../store/growingBlob.ts';
import { StoreFullError } from '../../store/storeFullError.ts';
import { UpkeepError } from '../upkeepError.ts';

/** What an operator is told of an error that ended an import. */
export function importFailure(error: unknown): UpkeepError {
  if (error instanceof UpkeepError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreFullError) return noRoom(error);
  if (error instanceof DigestMismatchError) {
    return new UpkeepError('invalid', `the archive is damaged: ${reason}`, { cause: error });
  }
  const what = isDiskRefusal(error) ? "the store can't be written" : 'the import failed';
  return new UpkeepError('failed', `${what}: ${reason}`, { cause: error });
}

/** The store does not take all of an archive. */
export function noRoom(cause?: unknown): UpkeepError {
  const message =
    'the store has no room for all of the archive: raise storage.maxSize, lower storage.minFree or import fewer images at a time';
  return new UpkeepError('failed', message, { cause });
}
