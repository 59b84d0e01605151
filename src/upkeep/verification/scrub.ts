import { setTimeout as delay } from 'node:timers/promises';
import { Pace, type Sleep } from './pace.ts';
import { QuietMoment, type QuietMomentOptions } from './quietMoment.ts';
import { SavedCursor } from './savedCursor.ts';
import { firstCursor, readCursor, type VerificationCursor } from './verificationCursor.ts';
import type { VerificationObserver } from './verificationObserver.ts';
import { VerificationPass, type VerifiedStore } from './verificationPass.ts';
import type { Verifier } from './verifier.ts';

/** Who is told of what a {@link Scrub} does. */
export interface ScrubObserver extends VerificationObserver {
  /** All that was held has been hashed; in milliseconds since the epoch. */
  passCompleted(at: number): void;
  /** The store could not be read, or not be written; it goes on after a while. */
  failed(error: unknown): void;
}

/** What a {@link Scrub} works with. */
export interface ScrubOptions {
  readonly store: VerifiedStore;
  /** The scrub waits while it verifies the store for somebody. */
  readonly verifier: Pick<Verifier, 'idle'>;
  /** Bytes a second at most. */
  readonly rate: number;
  /** Milliseconds from the beginning of one pass to that of the next. */
  readonly interval: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow: () => number;
  readonly observer: ScrubObserver;
  readonly sleep?: Sleep;
  readonly measureLoop?: QuietMomentOptions['measure'];
}

const stateKey = 'scrub';
// A kill costs what was hashed since; to write more often would wear a disk for nothing.
const saveInterval = 10_000;
const failureDelay = 60_000;
// The clock may be set meanwhile, and Node fires timers with too long a delay at once.
const longestSleep = 3_600_000;

/**
 * Hashes all that a running mirror holds anew, again and again, in the background: one pass each interval,
 * or one after the other where they take longer. A pass that is interrupted is gone on with.
 */
export class Scrub {
  readonly #options: ScrubOptions;
  readonly #sleep: Sleep;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #lastCompletedAt: number | undefined;
  #pass: VerificationPass | undefined;

  constructor(options: ScrubOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? sleepInBackground;
  }

  /** When a pass last came to its end, in milliseconds since the epoch, be it in an earlier process. */
  get lastCompletedAt(): number | undefined {
    return this.#lastCompletedAt;
  }

  /** How much of the pass that is under way is done, from 0 to 1; 0 while none is. */
  get progress(): number {
    if (this.#pass === undefined) return 0;
    const { bytes, totalBytes } = this.#pass.figures;
    return totalBytes === 0 ? 0 : Math.min(1, bytes / totalBytes);
  }

  /** Begins; to be called once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Settles when it has ended and noted how far it has come. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.observer.failed(error);
        await this.#sleep(failureDelay, signal).catch(() => undefined);
      }
    }
  }

  /** Waits until a pass is due and does it, or goes on with one. */
  async #round(): Promise<void> {
    const { store, now, observer } = this.#options;
    const { states } = store.catalog;
    const state = await states.get(stateKey);
    this.#lastCompletedAt = numberIn(state?.['completedAt']);
    const interrupted = readCursor(state);
    if (interrupted === undefined) await this.#untilDue(numberIn(state?.['startedAt']));
    const cursor = interrupted ?? firstCursor(now());
    await this.#go(cursor);
    const completedAt = now();
    await states.set(stateKey, { startedAt: cursor.startedAt, completedAt });
    this.#lastCompletedAt = completedAt;
    observer.passCompleted(completedAt);
  }

  async #untilDue(startedAt: number | undefined): Promise<void> {
    if (startedAt === undefined) return;
    const { now, interval } = this.#options;
    // A clock that was set back must not put it off for longer than an interval.
    const due = Math.min(startedAt, now()) + interval;
    for (let wait = due - now(); wait > 0; wait = due - now()) {
      await this.#sleep(Math.min(wait, longestSleep), this.#stopping.signal);
    }
  }

  async #go(cursor: VerificationCursor): Promise<void> {
    const { store, observer } = this.#options;
    const { signal } = this.#stopping;
    const saved = this.#savedCursor();
    this.#pass = await VerificationPass.prepare(store, cursor);
    try {
      await this.#pass.run({
        pace: this.#pace(signal),
        moved: (at, damaged) => saved.move(at, damaged),
        damaged: async ({ digest, reason, quarantinedAs }) =>
          observer.damageFound(digest, reason, quarantinedAs),
        sleep: this.#sleep,
        signal,
      });
    } catch (error) {
      await saved.save();
      throw error;
    } finally {
      this.#pass = undefined;
    }
  }

  #pace(signal: AbortSignal): (bytes: number) => Promise<void> {
    const { rate, monotonicNow, observer, verifier, measureLoop } = this.#options;
    const limit = new Pace({ rate, monotonicNow, sleep: this.#sleep });
    const measure = measureLoop === undefined ? {} : { measure: measureLoop };
    const quiet = new QuietMoment({ monotonicNow, sleep: this.#sleep, ...measure });
    return async (bytes) => {
      await verifier.idle(signal);
      await quiet.wait(bytes, signal);
      await limit.allow(bytes, signal);
      observer.scrubbed(bytes);
    };
  }

  #savedCursor(): SavedCursor {
    const { store, monotonicNow, observer } = this.#options;
    return new SavedCursor({
      save: (cursor) => {
        const completedAt = this.#lastCompletedAt;
        const entry = { ...cursor, ...(completedAt === undefined ? {} : { completedAt }) };
        return store.catalog.states.set(stateKey, entry);
      },
      every: saveInterval,
      monotonicNow,
      failed: (error) => observer.failed(error),
    });
  }
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** It is no reason for the process to go on living. */
function sleepInBackground(milliseconds: number, signal: AbortSignal): Promise<void> {
  return delay(milliseconds, undefined, { signal, ref: false });
}
