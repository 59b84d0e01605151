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

/** What is known of a pull limit; absent members were in no header. */
export interface RateLimitReading {
  readonly limit?: number;
  readonly remaining?: number;
  readonly windowSeconds?: number;
  /** Whose pulls were counted, as `docker-ratelimit-source` says: an address or a UUID, not to be shown. */
  readonly source?: string;
  /** When the window ends at the latest, estimated, in ms since 1970. */
  readonly resetAt?: number;
}

/** Why an account is set aside. */
export type SetAsideReason =
  /** its log-in was refused, or its secret could not be read: it is not used at all */
  | 'refused'
  /** its pulls are used up: it is used for what does not count as a pull */
  | 'pull_limit';

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
  /** An answer began so many milliseconds after its request. */
  answered(upstream: string, operation: UpstreamOperation, milliseconds: number): void;
  /** A request went out that counts against the pull limit: a manifest GET. */
  pullCounted(upstream: string, account: string): void;
  /** The upstream answered 429. */
  throttled(upstream: string, account: string, reason: ThrottleReason): void;
  /**
   * A manifest answer came in: what is known of the limit since. An answer without the headers, such as
   * that for an image which does not count, leaves what is known; `undefined` when nothing is.
   */
  rateLimitRead(upstream: string, account: string, reading: RateLimitReading | undefined): void;
  /** An account is set aside for so many seconds, after which it is tried again. */
  accountSetAside(upstream: string, account: string, reason: SetAsideReason, seconds: number): void;
  /** An account that was set aside turned out to be of use again. */
  accountBack(upstream: string, account: string): void;
  /**
   * What an account logs in with could not be got, and why, without any secret; told once until it can be
   * got again. What was known before goes on being used.
   */
  credentialFailed(upstream: string, account: string, reason: string): void;
  /** The upstream was found to answer, or not to. */
  reachable(upstream: string, up: boolean): void;
  /** Calls of one kind are refused from now on, and why; `undefined`: they go through again. */
  circuitChanged(upstream: string, circuit: UpstreamCircuit, refusal: Refusal | undefined): void;
}
