import { accountName, type Account } from './account.ts';
import type { Call } from './call.ts';
import type { Incoming } from './exchange.ts';
import { readRateLimit } from './quota.ts';
import { statusBucket } from './statusBucket.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/** Tells the observer of an answer: the count, a pull that it stands for, the quota it speaks of. */
export function observeAnswer(
  { operation }: Pick<Call, 'operation'>,
  { status, headers, elsewhere }: Incoming,
  account: Account | undefined,
  { host, observer }: UpstreamContext,
): void {
  observer.exchanged(host, operation, statusBucket(status));
  // A request that Docker Hub did not let in is no pull.
  if (operation === 'manifest_get' && status !== 401) {
    observer.pullCounted(host, accountName(account));
  }
  const isManifest = operation === 'manifest_get' || operation === 'manifest_head';
  if (isManifest && !elsewhere && (status < 300 || status === 429)) {
    observer.rateLimitRead(host, accountName(account), readRateLimit(headers));
  }
}

/** Tells the observer of a request that got no answer. */
export function observeFailure(
  { operation }: Pick<Call, 'operation'>,
  error: unknown,
  account: Account | undefined,
  { host, observer }: UpstreamContext,
): void {
  observer.exchanged(host, operation, 'error');
  if (operation === 'manifest_get') observer.pullCounted(host, accountName(account));
  if (error instanceof UpstreamError && error.failure === 'abuse_limit') {
    observer.throttled(host, accountName(account), 'abuse_limit');
  }
}
