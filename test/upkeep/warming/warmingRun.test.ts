import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { parseDigest } from '../../../src/registry/digest.ts';
import type { ImageWarmed, WarmingEvent } from '../../../src/upkeep/warming/warming.ts';
import { WarmingRun } from '../../../src/upkeep/warming/warmingRun.ts';
import { manualClock } from '../../support/manualClock.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`) ?? assert.fail();

/** An image that has one more byte each time it is looked at, and ends when `work` does. */
function growingImage(
  image: string,
  work: (signal: AbortSignal) => Promise<unknown>,
  isHeld: () => boolean = () => true,
) {
  let bytes = 0;
  return {
    image,
    get progress() {
      bytes += 1;
      return { kind: 'progress', image, bytes, totalBytes: 1000, fetchedBytes: bytes } as const;
    },
    get isHeld() {
      return isHeld();
    },
    fetched: () => [[digest, 1000] as const],
    run: async (signal: AbortSignal): Promise<ImageWarmed> => {
      await work(signal);
      const figures = { bytes: 1000, fetchedBytes: 1000, seconds: 1 };
      return { kind: 'warmed', image, digest, platforms: [], ...figures };
    },
  };
}

function run(images: readonly ReturnType<typeof growingImage>[], clock = manualClock()) {
  const told: WarmingEvent[] = [];
  const stop = new AbortController();
  const report = async (event: WarmingEvent) => {
    told.push(event);
  };
  return { told, stop, running: new WarmingRun(images, clock, report, stop.signal).run() };
}

test('progress of an image is told four times a second at most', async () => {
  const clock = manualClock();
  const last = Promise.withResolvers<void>();
  // Each that ends has the others looked at, too.
  const others = Array.from({ length: 10 }, (_, each) =>
    growingImage(`${each}`, async () => {
      await setImmediate();
      clock.advance(100);
      if (each === 9) last.resolve();
    }),
  );
  const { told, running } = run([growingImage('slow', () => last.promise), ...others], clock);
  await running;
  const slow = told
    .filter(({ kind }) => kind === 'progress')
    .map((event) => 'image' in event && event.image);
  const times = slow.filter((image) => image === 'slow').length;
  assert.ok(times >= 1 && times <= 5, `told ${times} times in a second`);
});

test('what several images share is counted once in all', async () => {
  const { told, running } = run(['one', 'two'].map((name) => growingImage(name, async () => {})));
  await running;
  const done = told.at(-1);
  assert.equal(done?.kind === 'done' && done.fetchedBytes, 1000);
});

test('an image that others pushed out before the end is no warm one', async () => {
  let isHeld = true;
  const first = growingImage(
    'first',
    async () => {},
    () => isHeld,
  );
  const second = growingImage('second', async () => {
    await setImmediate();
    isHeld = false;
  });
  const { told, running } = run([first, second]);
  await running;
  const events = told.filter(({ kind }) => kind !== 'progress');
  assert.deepEqual(
    events.map((event) => [event.kind, 'image' in event && event.image]),
    [
      ['warmed', 'first'],
      ['warmed', 'second'],
      ['failed', 'first'],
      ['done', false],
    ],
  );
  const [, , failed, done] = events;
  const reason = 'it had to make room for others: raise storage.maxSize, or warm less';
  assert.equal(failed?.kind === 'failed' && failed.reason, reason);
  assert.deepEqual(done?.kind === 'done' && [done.warmed, done.failed], [1, 1]);
});

test('when it is stopped no other image is begun, and none is told of', async () => {
  const begun: string[] = [];
  const held = Promise.withResolvers<void>();
  const images = ['one', 'two', 'three', 'four'].map((name) =>
    growingImage(name, () => {
      begun.push(name);
      return held.promise;
    }),
  );
  const { told, stop, running } = run(images);
  stop.abort(new Error('stopped'));
  await assert.rejects(running, /stopped/);
  held.resolve();
  await held.promise;
  await Promise.resolve();
  assert.deepEqual(begun, ['one', 'two']);
  assert.deepEqual(
    told.filter(({ kind }) => kind !== 'progress'),
    [],
  );
});
