/** Settles after so many milliseconds; rejects with the signal's reason as soon as that is aborted. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** What a {@link Pace} goes by. */
export interface PaceOptions {
  /** Bytes a second; `undefined`: as fast as they come. */
  readonly rate: number | undefined;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow: () => number;
  readonly sleep: Sleep;
}

// Timers are late by a millisecond or more: what is due sooner than this is gathered into one longer wait.
const shortestWait = 10;
// What was lost to late timers and a slow disk is made up for, but no more of it than a tenth of a second's.
const longestLag = 100;
// Node fires timers with a longer delay at once; a clock that is asked now and then costs nothing.
const longestWait = 60_000;

/** Keeps reading from being faster than so many bytes a second. */
export class Pace {
  readonly #options: PaceOptions;
  /** When all that was asked for up to now may have been read. */
  #due: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#due = options.monotonicNow();
  }

  /**
   * Settles when the next piece, of so many bytes, may be read.
   * @throws the signal's reason when it is aborted
   */
  async allow(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { rate, monotonicNow, sleep } = this.#options;
    if (rate === undefined) return;
    this.#due = Math.max(this.#due, monotonicNow() - longestLag);
    for (let wait = this.#wait(); wait >= shortestWait; wait = this.#wait()) {
      await sleep(Math.min(wait, longestWait), signal);
    }
    this.#due += (bytes / rate) * 1000;
  }

  #wait(): number {
    return this.#due - this.#options.monotonicNow();
  }
}
