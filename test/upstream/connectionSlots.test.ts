import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { ConnectionSlots } from '../../src/upstream/connectionSlots.ts';
import { rejection } from './testUpstream.ts';

const { signal } = new AbortController();

test('there are as many slots as connections', () => {
  const slots = new ConnectionSlots(2);
  const taken = [slots.tryAcquire(), slots.tryAcquire()];
  assert.ok(taken.every((slot) => slot !== undefined));
  assert.equal(slots.tryAcquire(), undefined);
  taken[0]?.release();
  assert.notEqual(slots.tryAcquire(), undefined);
  assert.equal(slots.tryAcquire(), undefined);
});

test('who waits gets a slot in the order of coming', async () => {
  const slots = new ConnectionSlots(1);
  const first = await slots.acquire(signal);
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (number) => {
    const slot = await slots.acquire(signal);
    order.push(number);
    slot.release();
  });
  first.release();
  await Promise.all(waiting);
  assert.deepEqual(order, [1, 2, 3]);
});

test('nobody gets past those who wait', async () => {
  const slots = new ConnectionSlots(1);
  const first = await slots.acquire(signal);
  const waiting = slots.acquire(signal);
  first.release();
  assert.equal(slots.tryAcquire(), undefined);
  (await waiting).release();
  assert.notEqual(slots.tryAcquire(), undefined);
});

test('who leaves the line gets the reason, and no slot', async () => {
  const slots = new ConnectionSlots(1);
  const first = await slots.acquire(signal);
  const controller = new AbortController();
  const leaving = slots.acquire(controller.signal);
  const staying = slots.acquire(signal);
  const reason = new Error('left');
  controller.abort(reason);
  assert.equal(await rejection(leaving), reason);
  first.release();
  (await staying).release();
  assert.notEqual(slots.tryAcquire(), undefined);
});

test('who has left already does not join the line', async () => {
  const slots = new ConnectionSlots(1);
  assert.match(String(await rejection(slots.acquire(AbortSignal.abort()))), /AbortError/);
  assert.notEqual(slots.tryAcquire(), undefined);
});

test('who leaves just when a slot comes holds it, and gives it back', async () => {
  const slots = new ConnectionSlots(1);
  const first = await slots.acquire(signal);
  const controller = new AbortController();
  const waiting = slots.acquire(controller.signal);
  first.release();
  controller.abort();
  (await waiting).release();
  assert.notEqual(slots.tryAcquire(), undefined);
});

for (const [way, end] of [
  ['has ended', async (body) => void (await text(body.end('bytes')))],
  ['was destroyed', async (body) => void body.destroy()],
  ['has failed', async (body) => void body.on('error', () => {}).destroy(new Error('reset'))],
] satisfies [string, (body: PassThrough) => Promise<void>][]) {
  test(`a slot lent to a body is free when that ${way}`, async () => {
    const slots = new ConnectionSlots(1);
    const body = new PassThrough();
    const slot = await slots.acquire(signal);
    slot.lendTo(body);
    slot.release();
    assert.equal(slots.tryAcquire(), undefined);
    const next = slots.acquire(signal);
    await end(body);
    (await next).release();
    assert.notEqual(slots.tryAcquire(), undefined);
  });
}

test('a slot lent to a body that is over already is free at once', async () => {
  const slots = new ConnectionSlots(1);
  const body = new PassThrough();
  body.destroy();
  await new Promise((resolve) => body.once('close', resolve));
  const slot = await slots.acquire(signal);
  slot.lendTo(body);
  slot.release();
  assert.notEqual(slots.tryAcquire(), undefined);
});
