import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobStore } from '../store/blobStore.ts';
import type { Garbage } from './removal/garbage.ts';
import type { PinnedImages, PinReport } from './removal/pins.ts';

/** What {@link Housekeeping} is told of. */
export interface HousekeepingObserver {
  /** A round, or a part of it, could not be done; the next one tries again. */
  failed(error: unknown): void;
  /** What is pinned needs more room than there is; told once, until it no longer does. */
  pinsExceed(report: PinReport): void;
}

/** What {@link Housekeeping} works with. */
export interface HousekeepingOptions {
  readonly blobs: Pick<BlobStore, 'tidy' | 'evictIdle'>;
  readonly pins: Pick<PinnedImages, 'refresh'>;
  readonly garbage: Pick<Garbage, 'collect'>;
  /** Milliseconds after which what was not used is removed; `undefined`: never. */
  readonly maxIdle: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly observer: HousekeepingObserver;
}

// Other programs fill the disk as well, so that the room is looked at also while nothing is fetched.
const roundEvery = 10_000;
// What has expired is in nobody's way: this bounds how much of it there is.
const collectEvery = 3_600_000;

/**
 * What a running mirror does by itself to stay within its bounds: keeps the water marks, writes down what
 * was used when, follows the pins to what their tags stand for now, removes what is idle or has expired.
 */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #collectedAt: number;
  #exceeded = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#collectedAt = options.now();
  }

  /** Begins; settles when it is known what is pinned, before which nothing should have to go. */
  async start(): Promise<void> {
    await this.#attempt(() => this.#refreshPins());
    this.#running ??= this.#run();
  }

  /** Settles when no round is under way, and begins no other. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Does all that is due now. */
  async round(): Promise<void> {
    const { blobs, maxIdle, now } = this.#options;
    await this.#attempt(() => this.#refreshPins());
    await this.#attempt(() => blobs.tidy());
    if (maxIdle !== undefined) await this.#attempt(() => blobs.evictIdle(now() - maxIdle));
    await this.#attempt(() => this.#collectWhenDue());
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.round();
      await sleep(roundEvery, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    try {
      await work();
    } catch (error) {
      this.#options.observer.failed(error);
    }
  }

  async #refreshPins(): Promise<void> {
    const report = await this.#options.pins.refresh();
    if (report.exceeds && !this.#exceeded) this.#options.observer.pinsExceed(report);
    this.#exceeded = report.exceeds;
  }

  async #collectWhenDue(): Promise<void> {
    const { garbage, now } = this.#options;
    const since = now() - this.#collectedAt;
    // A clock that was set back would otherwise put it off for as long.
    if (since >= 0 && since < collectEvery) return;
    this.#collectedAt = now();
    await garbage.collect(false);
  }
}
