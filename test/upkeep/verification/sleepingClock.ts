import type { Sleep } from '../../../src/upkeep/verification/pace.ts';
import { manualClock, type ManualClock } from '../../support/manualClock.ts';

/** A clock that only sleeping moves on, by as much as was slept. */
export interface SleepingClock {
  readonly now: ManualClock;
  readonly sleep: Sleep;
  /** Milliseconds of each sleep, oldest first. */
  readonly slept: readonly number[];
}

/** A clock whose sleeps are over at once. `late`: milliseconds by which each takes longer than asked. */
export function sleepingClock(late = 0): SleepingClock {
  const now = manualClock();
  const slept: number[] = [];
  const sleep: Sleep = async (milliseconds, signal) => {
    signal.throwIfAborted();
    slept.push(milliseconds);
    now.advance(milliseconds + late);
    await Promise.resolve();
  };
  return { now, sleep, slept };
}
