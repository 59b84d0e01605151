/** Whatever says when something made for a test is no longer needed; node:test's context is one. */
export interface Lifetime {
  after(cleanUp: () => void | Promise<void>): void;
}

/** The same lifetime, in which what was made last is cleaned up first: node:test goes the other way. */
export function lastFirst(t: Lifetime): Lifetime {
  const cleanUps: Array<() => void | Promise<void>> = [];
  t.after(async () => {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  });
  return {
    after: (cleanUp) => {
      cleanUps.push(cleanUp);
    },
  };
}
