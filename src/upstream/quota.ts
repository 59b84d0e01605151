import { headerText, type ResponseHeaders } from './headers.ts';
import type { RateLimitReading, ThrottleReason } from './upstreamObserver.ts';

// `100;w=21600`: a number and the window in seconds; either may be missing.
const rateLimitValue = /^(\d*)(?:\s*;\s*w=(\d+))?$/;

/**
 * What Docker Hub's `ratelimit-limit` and `ratelimit-remaining` say, and whom they are about, by
 * `docker-ratelimit-source`; `undefined` when there is neither of the two, as for accounts without a
 * limit and images that do not count.
 */
export function readRateLimit(headers: ResponseHeaders): RateLimitReading | undefined {
  const limitText = headerText(headers, 'ratelimit-limit');
  const remainingText = headerText(headers, 'ratelimit-remaining');
  if (limitText === undefined && remainingText === undefined) return undefined;
  const limit = readValue(limitText);
  const remaining = readValue(remainingText);
  const windowSeconds = limit.window ?? remaining.window;
  const source = headerText(headers, 'docker-ratelimit-source');
  return {
    ...(limit.count === undefined ? {} : { limit: limit.count }),
    ...(remaining.count === undefined ? {} : { remaining: remaining.count }),
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(source === undefined ? {} : { source }),
  };
}

/**
 * Why there was a 429. Docker Hub says "pull rate limit" in the JSON of the one, and answers the
 * other, which counts all requests of an address, with a short plain text. A HEAD has no text: there
 * an empty quota tells.
 */
export function throttleReason(headers: ResponseHeaders, body: string): ThrottleReason {
  const exhausted = body === '' && readRateLimit(headers)?.remaining === 0;
  return exhausted || /pull rate limit/i.test(body) ? 'pull_limit' : 'abuse_limit';
}

/**
 * `Retry-After` in whole seconds, from either of its forms (RFC 9110 §10.2.3); `undefined` when it is
 * missing or malformed. `now` is the time in ms since 1970.
 */
export function readRetryAfter(headers: ResponseHeaders, now: number): number | undefined {
  const text = headerText(headers, 'retry-after')?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  // Without the zone, `Date.parse` takes nearly anything for a date.
  const time = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, Math.ceil((time - now) / 1000));
}

function readValue(text: string | undefined): { count?: number; window?: number } {
  const [, count, window] = rateLimitValue.exec(text?.trim() ?? '') ?? [];
  return {
    ...(count ? { count: Number(count) } : {}),
    ...(window ? { window: Number(window) } : {}),
  };
}
