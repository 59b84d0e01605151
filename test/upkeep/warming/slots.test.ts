import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots } from '../../../src/upkeep/warming/slots.ts';

const never = new AbortController().signal;

test('no more is under way than there are slots, and who waits comes in turn', async () => {
  const slots = new Slots(2);
  const begun: number[] = [];
  const works = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const runs = works.map(({ promise }, index) =>
    slots.run(async () => {
      begun.push(index);
      await promise;
    }, never),
  );
  for (const [index, { resolve }] of works.entries()) {
    // A look at the turn of each: two run ahead of the one that ends now.
    await Promise.resolve();
    assert.ok(begun.length <= index + 2);
    resolve();
    await runs[index];
  }
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

test('work that fails gives its slot back', async () => {
  const slots = new Slots(1);
  await assert.rejects(
    slots.run(() => Promise.reject(new Error('failed')), never),
    /failed/,
  );
  assert.equal(await slots.run(async () => 'done', never), 'done');
});

test('who gives up waiting has no slot, and keeps none', async () => {
  const slots = new Slots(1);
  const first = Promise.withResolvers<void>();
  const running = slots.run(() => first.promise, never);
  const gone = new AbortController();
  const waiting = slots.run(async () => assert.fail('it was begun'), gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  first.resolve();
  await running;
  assert.equal(await slots.run(async () => 'done', never), 'done');
});

test('who gives up just as a slot becomes free does not begin, and passes it on', async () => {
  const slots = new Slots(1);
  const gone = new AbortController();
  const waiting: Promise<void>[] = [];
  await slots.run(async () => {
    waiting.push(slots.run(async () => assert.fail('it was begun'), gone.signal));
    await Promise.resolve();
    queueMicrotask(() => queueMicrotask(() => gone.abort(new Error('gone'))));
  }, never);
  gone.abort(new Error('gone'));
  await assert.rejects(waiting[0] ?? assert.fail(), /gone/);
  assert.equal(await slots.run(async () => 'done', never), 'done');
});
