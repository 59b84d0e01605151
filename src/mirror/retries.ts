import { UpstreamError } from '../upstream/upstreamError.ts';

/** A transfer that brought so many bytes was worth its request: the tries are counted anew. */
export const progress = 1024 * 1024;

// Whoever is told to come back later than this does not keep its readers waiting for so long.
const longestRetryAfter = 15;

/** How often, and after what time, a transfer that broke is taken up again. */
export class Retries {
  readonly #delays: readonly number[];
  #failures = 0;

  /** Milliseconds to wait before each try, one entry a try. */
  constructor(delays: readonly number[]) {
    this.#delays = delays;
  }

  /** The transfer got somewhere: what failed before counts no more. */
  progressed(): void {
    this.#failures = 0;
  }

  /**
   * Milliseconds to wait before the next try; `undefined` when none is to be made. The upstream's own
   * `Retry-After` is waited for, where it is short.
   */
  next(error: unknown): number | undefined {
    if (!(error instanceof UpstreamError)) return undefined;
    const delay = this.#delays[this.#failures];
    this.#failures += 1;
    const { retryAfter = 0 } = error;
    if (delay === undefined || retryAfter > longestRetryAfter) return undefined;
    return Math.max(delay, retryAfter * 1000);
  }
}
