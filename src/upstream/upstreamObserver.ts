import type { Refusal } from './circuitBreaker.ts';

/** What is asked of an upstream, as the metrics name it. */
export const upstreamOperations = [
  'token',
  'manifest_head',
  'manifest_get',
  'blob_get',
  'tags',
  'referrers',
] as const;
/** One of {@link upstreamOperations}. */
export type UpstreamOperation = (typeof upstreamOperations)[number];

/** How an upstream answered, as the metrics name it; `error` stands for no HTTP answer at all. */
export const upstreamStatuses = ['2xx', '401', '403', '404', '429', '4xx', '5xx', 'error'] as const;
/** One of {@link upstreamStatuses}. */
export type UpstreamStatus = (typeof upstreamStatuses)[number];

/** Why an upstream answered 429: the account's pull limit, or the abuse limit of the address. */
export type ThrottleReason = 'pull_limit' | 'abuse_limit';

/** What the `ratelimit-*` headers of one answer said; absent members were not in the headers. */
export interface RateLimitReading {
  readonly limit?: number;
  readonly remaining?: number;
  readonly windowSeconds?: number;
}

/** The calls to an upstream that are refused together while they would only fail. */
export type UpstreamCircuit =
  /** tokens and manifests */
  | 'api'
  /** tags and referrers */
  | 'list'
  /** transfers of blobs and questions about them */
  | 'blob';

/**
 * Who wants to know what passes between the mirror and an upstream; the metrics implement it.
 * `upstream` is the name that clients use (`docker.io`), `account` a user name or `anonymous`.
 */
export interface UpstreamObserver {
  /** One HTTP exchange ended, or failed to happen. A redirect that was followed is not counted. */
  exchanged(upstream: string, operation: UpstreamOperation, status: UpstreamStatus): void;
  /** A request went out that counts against the pull limit: a manifest GET. */
  pullCounted(upstream: string, account: string): void;
  /** The upstream answered 429. */
  throttled(upstream: string, account: string, reason: ThrottleReason): void;
  /** A manifest answer came in; `undefined` when it carried no rate-limit headers. */
  rateLimitRead(upstream: string, account: string, reading: RateLimitReading | undefined): void;
  /** The upstream was found to answer, or not to. */
  reachable(upstream: string, up: boolean): void;
  /** Calls of one kind are refused from now on, and why; `undefined`: they go through again. */
  circuitChanged(upstream: string, circuit: UpstreamCircuit, refusal: Refusal | undefined): void;
}
