import type { Digest } from '../registry/digest.ts';

/** What a client asked for, as the metrics name it. */
export const requestKinds = ['manifest', 'blob', 'tags', 'referrers'] as const;
/** One of {@link requestKinds}. */
export type RequestKind = (typeof requestKinds)[number];

/** How the answer came about: the five values of `X-Cache`. */
export const cacheOutcomes = ['hit', 'revalidated', 'miss', 'joined', 'stale'] as const;
/** One of {@link cacheOutcomes}. */
export type CacheOutcome = (typeof cacheOutcomes)[number];

/**
 * How a request ended, as the metrics name it. `negative`: not to be found. `denied`: refused by
 * a rule of this mirror. `error`: anything else that was no success.
 */
export const requestOutcomes = [...cacheOutcomes, 'negative', 'denied', 'error'] as const;
/** One of {@link requestOutcomes}. */
export type RequestOutcome = (typeof requestOutcomes)[number];

/** What came in the place of a blob or manifest. */
export interface DigestMismatch {
  readonly expected: Digest;
  readonly actual: Digest;
  /** What the first bytes look like, in words: an HTML page, say. */
  readonly nature: string;
  /** How many of the bytes were held from an earlier transfer: then this one need not be to blame. */
  readonly heldBefore: number;
}

/** Who wants to know what the mirror fetches; the metrics implement it. */
export interface MirrorObserver {
  /** Bytes of a blob or manifest came in from an upstream. */
  pulledBytes(upstream: string, kind: 'blob' | 'manifest', bytes: number): void;
  /** A blob's transfer broke and was taken up again with a Range request. */
  fillResumed(upstream: string): void;
  /** An upstream sent bytes that do not have the digest they were asked for by. */
  digestMismatched(upstream: string, mismatch: DigestMismatch): void;
  /** A blob that clients were reading, or that the cache wanted, could not be completed. */
  fillFailed(upstream: string, digest: Digest, error: unknown): void;
}
