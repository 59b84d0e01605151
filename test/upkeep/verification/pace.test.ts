import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pace } from '../../../src/upkeep/verification/pace.ts';
import { sleepingClock, type SleepingClock } from './sleepingClock.ts';

const mebibyte = 1024 * 1024;
const never = new AbortController().signal;

function paceOf({ now, sleep }: SleepingClock, rate: number | undefined): Pace {
  return new Pace({ rate, monotonicNow: now, sleep });
}

/** Seconds that so many pieces take; `reading` milliseconds go by with each of them. */
async function secondsFor(
  clock: SleepingClock,
  { rate, bytes, pieces, reading = 0 }: Work,
): Promise<number> {
  const pace = paceOf(clock, rate);
  const begin = clock.now();
  for (let count = 0; count < pieces; count += 1) {
    await pace.allow(bytes, never);
    clock.now.advance(reading);
  }
  return (clock.now() - begin) / 1000;
}

interface Work {
  readonly rate: number | undefined;
  readonly bytes: number;
  readonly pieces: number;
  readonly reading?: number;
}

function assertAbout(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 0.02 * expected, `${actual}, not about ${expected}`);
}

describe('a pace', () => {
  test('is kept for large pieces', async () => {
    const clock = sleepingClock();
    const work = { rate: 10 * mebibyte, bytes: mebibyte, pieces: 1000 };
    assertAbout(await secondsFor(clock, work), 100);
  });

  test('is kept for pieces of which many go into the shortest sleep', async () => {
    const clock = sleepingClock();
    assertAbout(await secondsFor(clock, { rate: mebibyte, bytes: 1024, pieces: 10_240 }), 10);
    assert.ok(clock.slept.every((milliseconds) => milliseconds >= 10));
  });

  test('counts the time that reading takes', async () => {
    const work = { rate: mebibyte, bytes: mebibyte, pieces: 100, reading: 400 };
    assertAbout(await secondsFor(sleepingClock(), work), 100);
  });

  test('is not slowed down by timers that are late', async () => {
    const work = { rate: 100 * mebibyte, bytes: mebibyte, pieces: 1000 };
    assertAbout(await secondsFor(sleepingClock(25), work), 10);
  });

  test('makes up for a long wait only a little', async () => {
    const clock = sleepingClock();
    const pace = paceOf(clock, mebibyte);
    clock.now.advance(3_600_000);
    const begin = clock.now();
    for (let count = 0; count < 10; count += 1) await pace.allow(mebibyte, never);
    assert.ok(clock.now() - begin >= 8_900);
  });

  test('sleeps never longer than a timer can, however slow it is', async () => {
    const clock = sleepingClock();
    assertAbout(await secondsFor(clock, { rate: 1, bytes: 3 * mebibyte, pieces: 2 }), 3 * mebibyte);
    assert.ok(clock.slept.every((milliseconds) => milliseconds <= 2 ** 31 - 1));
  });

  test('without a rate is none', async () => {
    const clock = sleepingClock();
    await secondsFor(clock, { rate: undefined, bytes: mebibyte, pieces: 1000 });
    assert.deepEqual(clock.slept, []);
  });

  test('ends with the reason of a signal that is aborted', async () => {
    const reason = new Error('stop');
    const pace = paceOf(sleepingClock(), undefined);
    await assert.rejects(pace.allow(1, AbortSignal.abort(reason)), reason);
  });
});
