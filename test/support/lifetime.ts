/** Whatever says when something made for a test is no longer needed; node:test's context is one. */
export interface Lifetime {
  after(cleanUp: () => void | Promise<void>): void;
}

/**
 * The same lifetime, in which what was made last is cleaned up first: node:test goes the other way. All is
 * cleaned up, whatever fails on the way: a server that was left would keep the process from ending.
 */
export function lastFirst(t: Lifetime): Lifetime {
  const own = new OwnLifetime();
  t.after(() => own.end());
  return own;
}

/** A lifetime that ends when it is told to, for what several tests share; in the order of {@link lastFirst}. */
export class OwnLifetime implements Lifetime {
  readonly #cleanUps: Array<() => void | Promise<void>> = [];

  after(cleanUp: () => void | Promise<void>): void {
    this.#cleanUps.push(cleanUp);
  }

  /** Cleans up; what failed is thrown when all has been tried. */
  async end(): Promise<void> {
    const failures: unknown[] = [];
    for (const cleanUp of this.#cleanUps.toReversed()) {
      try {
        await cleanUp();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  }
}
