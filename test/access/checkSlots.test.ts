import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckSlots } from '../../src/access/checkSlots.ts';
import { RegistryError } from '../../src/registry/errors.ts';

/** Pieces of work that end when they are told to. */
function heldWork(slots: CheckSlots, count: number) {
  const begun: number[] = [];
  const ends = Array.from({ length: count }, () => Promise.withResolvers<void>());
  const done = ends.map(({ promise }, index) =>
    slots.run(async () => {
      begun.push(index);
      await promise;
      return index;
    }),
  );
  return { begun, ends, done };
}

test('so many run at once, and the others in the order in which they came', async () => {
  const slots = new CheckSlots(2);
  const { begun, ends, done } = heldWork(slots, 4);
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.resolve();
  assert.equal(await done[1], 1);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { resolve } of ends) resolve();
  assert.deepEqual(await Promise.all(done), [0, 1, 2, 3]);
  assert.deepEqual(heldWork(slots, 4).begun, [0, 1]);
});

test('work that fails gives its slot back', async () => {
  const slots = new CheckSlots(1);
  await assert.rejects(
    slots.run(() => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal(await slots.run(async () => 'done'), 'done');
});

test('when a thousand wait the next is refused, with the time after which to come back', async () => {
  const slots = new CheckSlots(1);
  const { ends, done } = heldWork(slots, 1001);
  await assert.rejects(
    slots.run(async () => 'never'),
    (error) =>
      error instanceof RegistryError && error.code === 'TOOMANYREQUESTS' && error.retryAfter === 30,
  );
  for (const { resolve } of ends) resolve();
  await Promise.all(done);
});
