import { accountName, type Account } from './account.ts';
import type { Call, LogInCall } from './call.ts';
import type { Incoming } from './exchange.ts';
import type { AccountState } from './accountState.ts';
import { readRateLimit } from './quota.ts';
import { statusBucket } from './statusBucket.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/** Tells the observer of an answer: the count, how long it took, a pull that it stands for. */
export function observeAnswer(
  { operation }: Pick<Call, 'operation'>,
  { status, askedAt }: Incoming,
  account: Account | undefined,
  { host, observer, now }: UpstreamContext,
): void {
  observer.exchanged(host, operation, statusBucket(status));
  observer.answered(host, operation, now() - askedAt);
  // A request that Docker Hub did not let in is no pull.
  if (operation === 'manifest_get' && status !== 401) {
    observer.pullCounted(host, accountName(account));
  }
}

/** Takes in what an answer says of the limit of those who asked: only a registry's own about a manifest does. */
export function readLimit(
  call: Call | LogInCall,
  { status, headers, elsewhere, askedAt }: Incoming,
  state: AccountState,
): void {
  if (call.repository === undefined) return;
  const { operation } = call;
  const isThrottled = status === 429;
  const isManifest = operation === 'manifest_get' || operation === 'manifest_head';
  if (!isManifest || elsewhere || (status >= 300 && !isThrottled)) return;
  const isPull = operation === 'manifest_get' && !isThrottled;
  state.read({ call, said: readRateLimit(headers), askedAt, isPull, isThrottled });
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
