import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../registry/digest.ts';
import type { ImageWarming } from './imageWarming.ts';
import type { Report } from '../reportedWork.ts';
import type { WarmingEvent } from './warming.ts';
import { displacedReason, reasonOf } from './warmingFailure.ts';

/** An image on its way into the cache. */
type Warmable = Pick<ImageWarming, 'image' | 'progress' | 'fetched' | 'isHeld' | 'run'>;

const imagesAtOnce = 2;
// Milliseconds between two events of progress of one image.
const progressEvery = 250;

/** One warming of several images. */
export class WarmingRun {
  readonly #images: readonly Warmable[];
  readonly #now: () => number;
  readonly #report: Report<WarmingEvent>;
  readonly #signal: AbortSignal;
  /** Those under way, and when progress was last told of each. */
  readonly #active = new Map<Warmable, { at: number; bytes: number }>();
  /** What happened to those that are over, and is not told yet. */
  readonly #over: WarmingEvent[] = [];
  readonly #warmed = new Set<Warmable>();
  #news = Promise.withResolvers<void>();
  #ended = false;
  #failed = 0;

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(
    images: readonly Warmable[],
    now: () => number,
    report: Report<WarmingEvent>,
    signal: AbortSignal,
  ) {
    this.#images = images;
    this.#now = now;
    this.#report = report;
    this.#signal = signal;
  }

  /** Settles when all of them are over and told of; rejects when the signal aborts. */
  async run(): Promise<void> {
    const began = this.#now();
    const stop = (): void => this.#wake();
    this.#signal.addEventListener('abort', stop, { once: true });
    const working = this.#workAll();
    try {
      while (!this.#ended || this.#over.length > 0) {
        await this.#tell();
        if (!this.#ended) await this.#somethingNew();
        this.#signal.throwIfAborted();
      }
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
    await working;
    await this.#report({
      kind: 'done',
      warmed: this.#warmed.size,
      failed: this.#failed,
      fetchedBytes: this.#fetchedBytes(),
      seconds: (this.#now() - began) / 1000,
    });
  }

  async #workAll(): Promise<void> {
    const ahead = this.#images.values();
    await Promise.all(Array.from({ length: imagesAtOnce }, () => this.#work(ahead)));
    this.#dropDisplaced();
    this.#ended = true;
    this.#wake();
  }

  /** Where the cache is too small for all of them, those that came last have pushed out those that came first. */
  #dropDisplaced(): void {
    for (const warming of this.#warmed) {
      if (warming.isHeld) continue;
      this.#warmed.delete(warming);
      this.#failed += 1;
      this.#over.push({ kind: 'failed', image: warming.image, reason: displacedReason });
    }
  }

  async #work(ahead: Iterable<Warmable>): Promise<void> {
    for (const warming of ahead) {
      if (this.#signal.aborted) return;
      this.#active.set(warming, { at: -Infinity, bytes: 0 });
      try {
        this.#over.push(await warming.run(this.#signal));
        this.#warmed.add(warming);
      } catch (error) {
        this.#over.push({ kind: 'failed', image: warming.image, reason: reasonOf(error) });
        this.#failed += 1;
      }
      this.#active.delete(warming);
      this.#wake();
    }
  }

  async #tell(): Promise<void> {
    for (let event = this.#over.shift(); event !== undefined; event = this.#over.shift()) {
      await this.#report(event);
    }
    for (const [warming, told] of this.#active) {
      if (this.#now() - told.at < progressEvery) continue;
      const { progress } = warming;
      if (progress.bytes === told.bytes) continue;
      told.at = this.#now();
      told.bytes = progress.bytes;
      await this.#report(progress);
    }
  }

  /** Settles when an image is over, or when it is time to look how far they have come. */
  async #somethingNew(): Promise<void> {
    const enough = new AbortController();
    const pause = sleep(progressEvery, undefined, { signal: enough.signal }).catch(() => undefined);
    await Promise.race([this.#news.promise, pause]);
    enough.abort();
    this.#news = Promise.withResolvers<void>();
  }

  #wake(): void {
    this.#news.resolve();
  }

  /** Images that share a blob share its bytes, too. */
  #fetchedBytes(): number {
    const byDigest = new Map<Digest, number>();
    for (const warming of this.#images) {
      for (const [digest, bytes] of warming.fetched()) {
        byDigest.set(digest, Math.max(bytes, byDigest.get(digest) ?? 0));
      }
    }
    return [...byDigest.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}
