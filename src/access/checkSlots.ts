import { RegistryError } from '../registry/errors.ts';

const waitingAtMost = 1000;
const fullRetryAfter = 30;

/** Lets so many pieces of work run at once. The others wait, up to a thousand, first come, first served. */
export class CheckSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Does the work when it is its turn.
   * @throws {RegistryError} `TOOMANYREQUESTS` at once, where too many wait; what the work throws
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= waitingAtMost) {
      throw new RegistryError('TOOMANYREQUESTS', {
        message: 'too many log-ins at once: try again later',
        retryAfter: fullRetryAfter,
      });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
