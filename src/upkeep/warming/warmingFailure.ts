import { clientErrorFor } from '../../mirror/clientError.ts';
import { isDiskRefusal } from '../../mirror/diskRefusal.ts';
import { PrivateRepositoryError } from '../../mirror/visibility.ts';
import { WrongSizeError } from '../../mirror/blobTransfer.ts';
import { RegistryError } from '../../registry/errors.ts';
import { DigestMismatchError } from '../../store/growingBlob.ts';
import { StoreFullError } from '../../store/storeFullError.ts';
import { UpstreamError } from '../../upstream/upstreamError.ts';
import { UpkeepError } from '../upkeepError.ts';

// Who is told to come back later than this, in seconds, does so in another warming.
const longestRetryAfter = 15;

/** What is fetched for nobody yet has to be kept, or it was fetched for nothing. */
export function noRoomError(cause?: unknown): UpkeepError {
  return new UpkeepError(
    'failed',
    'the cache has no room for it: raise storage.maxSize, lower storage.minFree, or pin and warm less',
    { cause },
  );
}

/** Of an image that was whole, and is not any more when the last one is. */
export const displacedReason =
  'it had to make room for others: raise storage.maxSize, or warm less';

/** Whether a blob that could not be had may be had a little later. */
export function mayPass(error: unknown): boolean {
  if (error instanceof DigestMismatchError || error instanceof WrongSizeError) return true;
  if (!(error instanceof UpstreamError)) return false;
  const { failure, retryAfter = 0 } = error;
  const passes = failure === 'unreachable' || failure === 'server_error' || failure === 'busy';
  return passes && retryAfter <= longestRetryAfter;
}

/** Why an image could not be warmed, in a sentence for the operator. */
export function reasonOf(error: unknown): string {
  if (error instanceof UpstreamError) return reasonOf(clientErrorFor(error));
  if (error instanceof StoreFullError) return noRoomError().message;
  if (error instanceof RegistryError) return registryReason(error);
  if (isDiskRefusal(error)) return `the disk of storage.directory refuses: ${textOf(error)}`;
  return textOf(error);
}

/** A client is told less than an operator may know: which account, which reserve, what the upstream said. */
function registryReason(error: RegistryError): string {
  const { cause, message, retryAfter } = error;
  const isTold = cause instanceof UpstreamError || error instanceof PrivateRepositoryError;
  const why = isTold ? ` (${textOf(cause)})` : '';
  return `${message}${why}${retryAfter === undefined ? '' : `; try again in ${retryAfter} s`}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
