const firstPause = 60_000;
const longestPause = 600_000;

/**
 * A time during which something is not tried: a minute, and twice as long each time up to ten, or as long as
 * the far side stated. Times are in milliseconds of the clock that it is given, a monotonic one.
 */
export class BackOff {
  readonly #now: () => number;
  #beganAt = -Infinity;
  #until = -Infinity;
  #pause = 0;
  /** The one that is under way, unless its outcome is known. */
  #trial: symbol | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until it is to be tried again; 0 when it may be tried now. */
  get left(): number {
    return Math.max(0, this.#until - this.#now());
  }

  /** Whether it has not been seen to work since: what comes next is a trial. */
  get isArmed(): boolean {
    return this.#pause > 0;
  }

  /** When it began last; `-Infinity` when it is lifted. */
  get beganAt(): number {
    return this.#beganAt;
  }

  /** Begins, for the time that was `stated`, else for its own but `atMost`; returns how long it lasts. */
  begin(stated: number | undefined, atMost = Infinity): number {
    this.#pause = Math.min(Math.max(firstPause, this.#pause * 2), longestPause);
    const length = stated ?? Math.min(this.#pause, atMost);
    this.#beganAt = this.#now();
    this.#until = this.#beganAt + length;
    this.#trial = undefined;
    return length;
  }

  /** A trial begins: there is no other before it has ended. Returns what ends it, whatever came of it. */
  beginTrial(): () => void {
    const trial = Symbol('trial');
    this.#trial = trial;
    this.#until = this.#now() + longestPause;
    return () => {
      if (this.#trial === trial) this.#until = -Infinity;
    };
  }

  /** It works again: the next time is a first one. */
  lift(): void {
    this.#beganAt = -Infinity;
    this.#until = -Infinity;
    this.#trial = undefined;
    this.#pause = 0;
  }
}
