import type { EarlierTag, TagEntry } from '../store/catalog.ts';
import { isRecent, pauseAfterFailure } from './recency.ts';

/** How long what is known of a tag is good for. Times are milliseconds since the epoch. */
export class TagLifetime {
  readonly #freshness: number;
  readonly #staleIfError: number;
  readonly #now: () => number;

  /** Served without asking for `freshness` ms, and for `staleIfError` ms past that while the upstream fails. */
  constructor(freshness: number, staleIfError: number, now: () => number) {
    this.#freshness = freshness;
    this.#staleIfError = staleIfError;
    this.#now = now;
  }

  /** Whether it is served without asking. */
  isFresh({ checkedAt }: EarlierTag): boolean {
    return isRecent(checkedAt, this.#freshness, this.#now());
  }

  /** Whether it may be served while the upstream can't confirm it. */
  isUsable({ checkedAt }: EarlierTag): boolean {
    return this.#now() - checkedAt <= this.#freshness + this.#staleIfError;
  }

  /** Whether it may be served so, and the upstream is not asked, for it failed a short while ago. */
  failedJustNow(entry: TagEntry): boolean {
    return isRecent(entry.failedAt, pauseAfterFailure, this.#now()) && this.isUsable(entry);
  }
}
