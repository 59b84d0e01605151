import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { UpkeepError } from '../../../src/upkeep/upkeepError.ts';
import type { WarmingEvent, WarmingOptions } from '../../../src/upkeep/warming/warming.ts';
import { WarmSchedule } from '../../../src/upkeep/warming/warmSchedule.ts';

const minute = 60_000;
const entry = { images: ['alpine'], platforms: ['linux/amd64'], schedule: '*/5 * * * *' };
const done = { kind: 'done', warmed: 1, failed: 1, fetchedBytes: 0, seconds: 1 } as const;
const warmed = {
  kind: 'warmed',
  image: 'alpine',
  digest: `sha256:${'a'.repeat(64)}`,
  platforms: [],
  bytes: 1,
  fetchedBytes: 0,
  seconds: 1,
} as unknown as WarmingEvent;
const failed = { kind: 'failed', image: 'busybox', reason: 'manifest unknown' } as const;

/** A schedule with one entry, and a warmer that goes on when it is told to. */
function start(t: TestContext, events: () => readonly WarmingEvent[], schedule = entry.schedule) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.UTC(2026, 0, 1, 12, 0, 30) });
  const asked: WarmingOptions[] = [];
  const told: WarmingEvent[] = [];
  let held = Promise.withResolvers<void>();
  held.resolve();
  const warmer = {
    warm: async function* (options: WarmingOptions, signal?: AbortSignal) {
      asked.push(options);
      await Promise.race([held.promise, aborted(signal)]);
      yield* events();
    },
  };
  const tell = (event: WarmingEvent) => told.push(event);
  const one = { ...entry, schedule };
  const warming = new WarmSchedule([one], warmer, { warmed: tell, failed: tell, done: tell });
  const hold = () => {
    held = Promise.withResolvers<void>();
    return held.resolve;
  };
  warming.start();
  t.after(() => warming.stop());
  return { asked, told, warming, entry: one, hold };
}

async function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

test('what is scheduled is warmed at its times, and not at the start', (t) => {
  const { asked } = start(t, () => [done]);
  assert.equal(asked.length, 0);
  t.mock.timers.tick(4.5 * minute - 1);
  assert.equal(asked.length, 0);
  t.mock.timers.tick(1);
  assert.deepEqual(asked[0]?.images, ['alpine']);
  assert.deepEqual(asked[0].platforms, ['linux/amd64']);
});

test('each image and the end are told of', async (t) => {
  const progress = {
    kind: 'progress',
    image: 'a',
    bytes: 1,
    totalBytes: 2,
    fetchedBytes: 1,
  } as const;
  const scene = start(t, () => [progress, warmed, failed, done]);
  await scene.warming.run(scene.entry);
  assert.deepEqual(scene.told, [warmed, failed, done]);
});

test('one that is still going on is not begun anew', async (t) => {
  const scene = start(t, () => [done]);
  const letGo = scene.hold();
  t.mock.timers.tick(5 * minute);
  t.mock.timers.tick(5 * minute);
  assert.equal(scene.asked.length, 1);
  letGo();
  await scene.warming.run(scene.entry);
  t.mock.timers.tick(5 * minute);
  assert.equal(scene.asked.length, 2);
});

test('one that fails as a whole is told of by image, and comes again', async (t) => {
  const scene = start(t, () => {
    throw new UpkeepError('failed', 'the store is closed');
  });
  await scene.warming.run(scene.entry);
  assert.deepEqual(scene.told, [
    { kind: 'failed', image: 'alpine', reason: 'the store is closed' },
  ]);
  t.mock.timers.tick(5 * minute);
  assert.equal(scene.asked.length, 2);
});

test('a stop waits for what is under way, ends it, and nothing is begun after it', async (t) => {
  const scene = start(t, () => [done]);
  scene.hold();
  const running = scene.warming.run(scene.entry);
  await scene.warming.stop();
  await running;
  t.mock.timers.tick(60 * minute);
  assert.equal(scene.asked.length, 1);
  assert.deepEqual(scene.told, []);
});

test('a schedule that is none is refused at the start', (t) => {
  assert.throws(() => start(t, () => [], '* * * * * *'));
});
