import { performance } from 'node:perf_hooks';
import type { Sleep } from './pace.ts';

/** What a {@link QuietMoment} goes by. */
export interface QuietMomentOptions {
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow: () => number;
  readonly sleep: Sleep;
  /** Begins to measure; the answer says which share of the time since the event loop was busy, from 0 to 1. */
  readonly measure?: () => () => number;
}

// So much is read between two looks; a small file costs about as much as so many bytes of a large one.
const between = 1024 * 1024;
const smallFile = 64 * 1024;

// What is hashed takes a millisecond or two of the thread that answers clients. With half of it to spare
// nobody notices.
const busy = 0.5;
const look = 20;
// A mirror that is never quiet is verified as well, if slowly: who waits for ever finds nothing.
const patience = 10_000;

/**
 * Lets background work wait while the event loop is busy. The share of time in which that did not wait for
 * anything is what libuv counts anyway: no timer has to come late, and no client has to wait, before it
 * shows. It is measured while the background work itself does nothing.
 */
export class QuietMoment {
  readonly #options: QuietMomentOptions;
  #sinceLook = 0;

  constructor(options: QuietMomentOptions) {
    this.#options = options;
  }

  /** Settles when the next piece, of so many bytes, is in nobody's way; rejects when the signal is aborted. */
  async wait(bytes: number, signal: AbortSignal): Promise<void> {
    this.#sinceLook += Math.max(bytes, smallFile);
    if (this.#sinceLook < between) return;
    this.#sinceLook = 0;
    const { monotonicNow, sleep, measure = measureLoop } = this.#options;
    const begin = monotonicNow();
    do {
      const share = measure();
      await sleep(look, signal);
      if (share() < busy) return;
    } while (monotonicNow() - begin < patience);
  }
}

function measureLoop(): () => number {
  const before = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(before).utilization;
}
