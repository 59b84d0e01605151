import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CrowdedError, PatientSlots } from '../../src/upstream/patientSlots.ts';

const never = new AbortController().signal;
const anHour = 3_600_000;

test('a slot that is given back goes to who waits the longest', async () => {
  const slots = new PatientSlots({ count: 1, line: 2 });
  const taken = await slots.acquire(never, anHour);
  const got: string[] = [];
  const take = async (who: string) => {
    const slot = await slots.acquire(never, anHour);
    got.push(who);
    slot.release();
  };
  const both = [take('first'), take('second')];
  assert.equal(slots.tryAcquire(), undefined);
  taken.release();
  await Promise.all(both);
  assert.deepEqual(got, ['first', 'second']);
  assert.ok(slots.isIdle);
});

test('a full line refuses at once', async () => {
  const slots = new PatientSlots({ count: 1, line: 1 });
  const taken = await slots.acquire(never, anHour);
  const waiting = slots.acquire(never, anHour);
  await assert.rejects(slots.acquire(never, anHour), CrowdedError);
  taken.release();
  await waiting;
});

test('who has no patience is refused if no slot is free', async () => {
  const slots = new PatientSlots({ count: 1, line: 1 });
  await slots.acquire(never, 0);
  await assert.rejects(slots.acquire(never, 0), CrowdedError);
});

test('who waited for too long is refused, and leaves the line', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const slots = new PatientSlots({ count: 1, line: 1 });
  const taken = await slots.acquire(never, 5000);
  const waiting = slots.acquire(never, 5000);
  const refused = assert.rejects(waiting, CrowdedError);
  t.mock.timers.tick(4999);
  await assert.rejects(slots.acquire(never, 5000), CrowdedError);
  t.mock.timers.tick(1);
  await refused;
  taken.release();
  assert.ok(slots.isIdle);
});

test('who goes away leaves the line, and takes no slot that is given back at that moment', async () => {
  const slots = new PatientSlots({ count: 1, line: 1 });
  const taken = await slots.acquire(never, anHour);
  const leaving = new AbortController();
  const left = slots.acquire(leaving.signal, anHour);
  const reason = new Error('gone');
  leaving.abort(reason);
  taken.release();
  await assert.rejects(left, reason);
  assert.ok(slots.isIdle);
  await assert.rejects(slots.acquire(leaving.signal, anHour), reason);
  assert.ok(slots.isIdle);
});
