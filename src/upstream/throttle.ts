import { accountName, type Account } from './account.ts';
import type { Incoming } from './exchange.ts';
import { readRetryAfter, throttleReason } from './quota.ts';
import { readBody } from './responseBody.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

// Docker Hub's sentence comes within a few hundred bytes.
const bodyLimit = 64 * 1024;

/** Reports a 429 that the account got and makes the error for it; disposes of the body. */
export async function throttled(
  incoming: Incoming,
  subject: string,
  account: Account | undefined,
  { host, observer, wallNow }: UpstreamContext,
): Promise<UpstreamError> {
  const text = (await readBody(incoming.body, bodyLimit).catch(() => undefined))?.toString() ?? '';
  const reason = throttleReason(incoming.headers, text);
  observer.throttled(host, accountName(account), reason);
  return new UpstreamError(host, reason, `${subject}: throttled (429, ${reason})`, {
    status: 429,
    retryAfter: readRetryAfter(incoming.headers, wallNow()),
  });
}
