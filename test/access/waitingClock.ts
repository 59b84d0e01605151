import { setImmediate as nextTurn } from 'node:timers/promises';
import { manualClock } from '../support/manualClock.ts';

/** A clock that stands still until it is told otherwise, and those who wait by it. */
export interface WaitingClock {
  /** Milliseconds. */
  readonly now: () => number;
  /** Settles when so many milliseconds have passed. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Moves on by so many milliseconds, and lets those go on whose time has come. */
  advance(milliseconds: number): Promise<void>;
}

/** A clock that begins at some time. */
export function waitingClock(): WaitingClock {
  const now = manualClock();
  const waiting = new Set<{ readonly until: number; readonly end: () => void }>();
  return {
    now,
    wait: (milliseconds) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const one = { until: now() + milliseconds, end: resolve };
      waiting.add(one);
      return promise.then(() => void waiting.delete(one));
    },
    advance: async (milliseconds) => {
      await nextTurn();
      now.advance(milliseconds);
      for (const { until, end } of waiting) if (until <= now()) end();
      await nextTurn();
    },
  };
}
