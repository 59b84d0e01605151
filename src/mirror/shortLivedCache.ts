import { LRUCache } from 'lru-cache';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { clientErrorFor, offlineError, unconfirmedError, upstreamErrorIn } from './clientError.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { CacheOutcome } from './mirrorObserver.ts';
import { isRecent } from './recency.ts';

/** How long a {@link ShortLivedCache} keeps what it got; times in milliseconds. */
export interface ShortLivedOptions {
  /** For so long an answer is given without asking. */
  readonly freshness: number;
  /** Bytes that all answers together may take. */
  readonly maxSize: number;
  readonly offline: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Kept<Value> {
  readonly value: Value;
  readonly size: number;
  readonly fetchedAt: number;
}

// What an entry takes beside its content, in bytes, roughly.
const overhead = 512;

/** Lists that change at any time: kept for seconds, in memory, and longer only while the upstream fails. */
export class ShortLivedCache<Value extends object> {
  readonly #kept: LRUCache<string, Kept<Value>>;
  readonly #flights = new SingleFlight<string, Value>();
  readonly #options: ShortLivedOptions;

  constructor(options: ShortLivedOptions) {
    this.#options = options;
    this.#kept = new LRUCache({
      maxSize: options.maxSize,
      sizeCalculation: ({ size }) => size,
    });
  }

  /**
   * The value of a key, fetched once however many ask. While the upstream fails, one that is older is
   * given for as long as the repository's policy allows for tags.
   * @throws {RegistryError} what `fetch` throws so, and for an upstream that fails when nothing is kept
   */
  async get(
    key: string,
    repository: Pick<MirroredRepository, 'host' | 'policy' | 'audience'>,
    fetch: () => Promise<{ value: Value; size: number }>,
  ): Promise<{ value: Value; outcome: CacheOutcome }> {
    const { host, policy, audience } = repository;
    // What was got for some is kept from everybody; not so the other way round.
    const own = audience === 'some' ? `some ${key}` : key;
    const kept = later(this.#kept.get(own), this.#kept.get(key));
    const { freshness, now } = this.#options;
    if (kept !== undefined && isRecent(kept.fetchedAt, freshness, now())) {
      return { value: kept.value, outcome: 'hit' };
    }
    if (this.#options.offline) throw offlineError(host);
    try {
      if (audience === 'unconfirmed') throw unconfirmedError(host);
      const { promise, joined } = this.#flights.run(own, () => this.#fetch(own, fetch));
      return { value: await promise, outcome: joined ? 'joined' : 'miss' };
    } catch (error) {
      const fault = upstreamErrorIn(error);
      if (fault === undefined) throw error;
      if (kept === undefined || now() - kept.fetchedAt > freshness + policy.staleIfError) {
        throw clientErrorFor(fault);
      }
      return { value: kept.value, outcome: 'stale' };
    }
  }

  async #fetch(key: string, fetch: () => Promise<{ value: Value; size: number }>): Promise<Value> {
    try {
      const { value, size } = await fetch();
      const bytes = key.length + size + overhead;
      this.#kept.set(key, { value, size: bytes, fetchedAt: this.#options.now() });
      return value;
    } catch (error) {
      // What the upstream says is gone must not come back as a stale answer.
      if (upstreamErrorIn(error) === undefined) this.#kept.delete(key);
      throw error;
    }
  }
}

function later<Value>(
  one: Kept<Value> | undefined,
  other: Kept<Value> | undefined,
): Kept<Value> | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.fetchedAt >= other.fetchedAt ? one : other;
}
