import { UpkeepError } from '../upkeep/upkeepError.ts';

/** How much may be under way, and how long the line before it is. */
export interface ApiPlacesOptions {
  /** How much may be under way at once. */
  readonly count: number;
  /** How many may wait for a place. */
  readonly line: number;
  /** Milliseconds that they wait. */
  readonly patience: number;
}

/** Places for work, of which there are so many; who finds none free waits in line for a while. */
export class ApiPlaces {
  readonly #options: ApiPlacesOptions;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(options: ApiPlacesOptions) {
    this.#options = options;
    this.#free = options.count;
  }

  /**
   * Takes a place, which has to be given back. When the signal aborts, its reason is thrown.
   * @throws {UpkeepError} `busy` when the line is full, or no place became free in time
   */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free === 0) return this.#wait(signal);
    this.#free -= 1;
  }

  /** Gives a place back: to who waits the longest. */
  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { line, patience } = this.#options;
    if (this.#waiting.size >= line) throw tooMuch();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Out of the line at once: a place that is given back now must not go to who has given up.
    const giveUp = (error: unknown): void => {
      this.#waiting.delete(resolve);
      reject(error);
    };
    const onAbort = (): void => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(tooMuch()), patience);
    signal.addEventListener('abort', onAbort);
    this.#waiting.add(resolve);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function tooMuch(): UpkeepError {
  return new UpkeepError('busy', 'the mirror has enough to do for callers of its API already');
}
