import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Housekeeping, type HousekeepingOptions } from '../../src/upkeep/housekeeping.ts';
import type { PinReport } from '../../src/upkeep/removal/pins.ts';
import { manualClock } from '../support/manualClock.ts';

const hour = 3_600_000;

/** A housekeeping whose parts write down that they were asked, and fail where they are told to. */
function recorded(options: Partial<HousekeepingOptions> & { fails?: string; pins?: never } = {}) {
  const now = manualClock();
  const done: string[] = [];
  const told: unknown[] = [];
  let exceeds = false;
  const work = async (what: string): Promise<void> => {
    done.push(what);
    if (what === options.fails) throw new Error(`${what} failed`);
  };
  const housekeeping = new Housekeeping({
    blobs: {
      tidy: () => work('tidy'),
      evictIdle: async (before) => {
        await work(`idle before ${before - now()}`);
        return { count: 0, bytes: 0 };
      },
    },
    pins: {
      refresh: async () => {
        await work('pins');
        return { count: 1, bytes: 2, needed: 3, room: 4, exceeds } satisfies PinReport;
      },
    },
    garbage: {
      collect: (async (dryRun: boolean) => {
        await work(`collect ${dryRun}`);
      }) as unknown as HousekeepingOptions['garbage']['collect'],
    },
    maxIdle: options.maxIdle,
    now,
    observer: {
      failed: (error) => told.push((error as Error).message),
      pinsExceed: () => told.push('pins exceed'),
    },
  });
  const setExceeds = (value: boolean): void => {
    exceeds = value;
  };
  return { housekeeping, now, done, told, setExceeds };
}

test('a round looks at the pins before it makes room', async () => {
  const { housekeeping, done } = recorded();
  await housekeeping.round();
  assert.deepEqual(done, ['pins', 'tidy']);
});

test('what is idle is removed only where a time is set', async () => {
  const { housekeeping, done } = recorded({ maxIdle: 5 });
  await housekeeping.round();
  assert.deepEqual(done, ['pins', 'tidy', 'idle before -5']);
});

test('what has expired is collected once an hour, also after the clock was set back', async () => {
  const { housekeeping, done, now } = recorded();
  const collected = async (): Promise<boolean> => {
    done.length = 0;
    await housekeeping.round();
    return done.includes('collect false');
  };
  assert.equal(await collected(), false);
  now.advance(hour);
  assert.equal(await collected(), true);
  assert.equal(await collected(), false);
  now.advance(-2 * hour);
  assert.equal(await collected(), true);
  assert.equal(await collected(), false);
});

test('a part that fails is reported and keeps no other from its turn', async () => {
  const { housekeeping, done, told } = recorded({ fails: 'pins' });
  await housekeeping.round();
  assert.deepEqual([done, told], [['pins', 'tidy'], ['pins failed']]);
});

test('that pins exceed the cache is told once, and again when it comes back', async () => {
  const { housekeeping, told, setExceeds } = recorded();
  setExceeds(true);
  await housekeeping.round();
  await housekeeping.round();
  assert.deepEqual(told, ['pins exceed']);
  setExceeds(false);
  await housekeeping.round();
  setExceeds(true);
  await housekeeping.round();
  assert.deepEqual(told, ['pins exceed', 'pins exceed']);
});

test('it knows what is pinned when it has begun, and ends when it is told to', async () => {
  const { housekeeping, done } = recorded();
  await housekeeping.start();
  assert.deepEqual(done.slice(0, 1), ['pins']);
  await housekeeping.stop();
  const before = done.length;
  await housekeeping.round();
  assert.equal(done.length, before);
});
