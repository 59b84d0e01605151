/** What an {@link AttemptLine} goes by. */
export interface AttemptClock {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Settles after so many milliseconds; never rejects. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

const freeFailures = 2;
const firstDelay = 500;
const longestDelay = 30_000;
/** For so many milliseconds after the last one, failures count. */
export const failuresCountFor = 900_000;

/**
 * The attempts to log in that have something in common, an address or a user name: how many failed of late, and
 * who waits. Two failures cost nothing. After the third the next attempt begins 500 ms later at the earliest, and
 * twice as long after each further one, up to 30 s. Attempts take turns in the order in which they came. One begins
 * beside those under way only if it would have nothing to wait for should all of them fail.
 */
export class AttemptLine {
  readonly #clock: AttemptClock;
  #failures = 0;
  #lastFailureAt = -Infinity;
  #waiting = 0;
  #running = 0;
  #lastTurn = Promise.resolve();
  #ended = Promise.withResolvers<void>();

  constructor(clock: AttemptClock) {
    this.#clock = clock;
  }

  /** How many wait for their turn, or are about to. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether an attempt would have to wait now. */
  get isSlowed(): boolean {
    return this.#waiting > 0 || this.#left > 0 || this.#isFull;
  }

  /** Milliseconds that an attempt would have to wait now if all those before it failed; a rough figure. */
  get expectedWait(): number {
    return this.#left + this.#waiting * delayAfter(this.#recentFailures + 1);
  }

  /** Says that an attempt will take its turn: {@link begin} has to follow. */
  join(): void {
    this.#waiting += 1;
  }

  /** Settles when an attempt that joined may be made; {@link leave} has to follow. */
  begin(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(() => this.#takeTurn());
    return this.#lastTurn;
  }

  /** An attempt that had begun is over. */
  leave(): void {
    this.#running -= 1;
    this.#ended.resolve();
    this.#ended = Promise.withResolvers<void>();
  }

  /** Counts one more failure. */
  failed(): void {
    this.#failures = this.#recentFailures + 1;
    this.#lastFailureAt = this.#clock.now();
  }

  /** Takes back so many of the failures that were counted. */
  forgive(failures: number): void {
    this.#failures = Math.max(0, this.#recentFailures - failures);
  }

  async #takeTurn(): Promise<void> {
    while (this.#isFull) await this.#ended.promise;
    const left = this.#left;
    if (left > 0) await this.#clock.wait(left);
    this.#waiting -= 1;
    this.#running += 1;
  }

  get #isFull(): boolean {
    return this.#running > 0 && delayAfter(this.#recentFailures + this.#running) > 0;
  }

  get #left(): number {
    const until = this.#lastFailureAt + delayAfter(this.#recentFailures);
    return Math.max(0, until - this.#clock.now());
  }

  get #recentFailures(): number {
    return this.#clock.now() - this.#lastFailureAt > failuresCountFor ? 0 : this.#failures;
  }
}

/** Milliseconds from the last of so many failures to the next attempt. */
function delayAfter(failures: number): number {
  if (failures <= freeFailures) return 0;
  return Math.min(longestDelay, firstDelay * 2 ** (failures - freeFailures - 1));
}
