/** Whatever says when something made for a test is no longer needed; node:test's context is one. */
export interface Lifetime {
  after(cleanUp: () => void | Promise<void>): void;
}

/**
 * The same lifetime, in which what was made last is cleaned up first: node:test goes the other way. All is
 * cleaned up, whatever fails on the way: a server that was left would keep the process from ending.
 */
export function lastFirst(t: Lifetime): Lifetime {
  const cleanUps: Array<() => void | Promise<void>> = [];
  t.after(async () => {
    const failures: unknown[] = [];
    for (const cleanUp of cleanUps.toReversed()) {
      try {
        await cleanUp();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  });
  return {
    after: (cleanUp) => {
      cleanUps.push(cleanUp);
    },
  };
}
