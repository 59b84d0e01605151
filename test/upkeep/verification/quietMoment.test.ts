import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QuietMoment } from '../../../src/upkeep/verification/quietMoment.ts';
import { sleepingClock, type SleepingClock } from './sleepingClock.ts';

const mebibyte = 1024 * 1024;
const never = new AbortController().signal;

/** Of an event loop that is as busy as that, one share a look. */
function quietMomentOf({ now, sleep }: SleepingClock, shares: readonly number[]): QuietMoment {
  let looks = 0;
  const measure = () => {
    const share = shares[Math.min(looks, shares.length - 1)] ?? 0;
    looks += 1;
    return () => share;
  };
  return new QuietMoment({ monotonicNow: now, sleep, measure });
}

describe('background work', () => {
  test('goes on at once where the event loop has time', async () => {
    const clock = sleepingClock();
    await quietMomentOf(clock, [0.2]).wait(mebibyte, never);
    assert.equal(clock.slept.length, 1);
  });

  test('waits until a busy event loop has time again', async () => {
    const clock = sleepingClock();
    await quietMomentOf(clock, [0.9, 1, 0.8, 0.1]).wait(mebibyte, never);
    assert.equal(clock.slept.length, 4);
  });

  test('goes on slowly where the event loop never has time', async () => {
    const clock = sleepingClock();
    const begin = clock.now();
    await quietMomentOf(clock, [1]).wait(mebibyte, never);
    assert.equal(clock.now() - begin, 10_000);
  });

  test('looks once for many small files', async () => {
    const clock = sleepingClock();
    const moment = quietMomentOf(clock, [0]);
    for (let count = 0; count < 160; count += 1) await moment.wait(500, never);
    assert.equal(clock.slept.length, 10);
  });

  test('finds this process not busy, as soon as it does nothing', async () => {
    const { now, sleep } = sleepingClock();
    let looks = 0;
    const real = async (_: number, signal: AbortSignal): Promise<void> => {
      looks += 1;
      await new Promise((resolve) => setTimeout(resolve, 30));
      await sleep(20, signal);
    };
    await new QuietMoment({ monotonicNow: now, sleep: real }).wait(mebibyte, never);
    // Where other processes take the core, a look or two may find it busy; without any end it would be 500.
    assert.ok(looks < 100, `${looks} looks`);
  });
});
