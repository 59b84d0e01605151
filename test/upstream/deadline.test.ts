import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Deadline, untilAborted } from '../../src/upstream/deadline.ts';
import { rejection } from './testUpstream.ts';

const tooLate = new Error('too late');

test('a deadline aborts with its own reason when the time is over', async () => {
  const deadline = new Deadline(1, () => tooLate);
  await once(deadline.signal, 'abort');
  assert.equal(deadline.signal.reason, tooLate);
  assert.equal(deadline.abandoned, false);
});

test('a lifted deadline does not abort any more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const deadline = new Deadline(1000, () => tooLate);
  deadline.lift();
  t.mock.timers.tick(5000);
  assert.equal(deadline.signal.aborted, false);
});

test('a caller can end the work at any time, after the deadline was lifted too', () => {
  const caller = new AbortController();
  const deadline = new Deadline(1000, () => tooLate, caller.signal);
  deadline.lift();
  caller.abort('gone');
  assert.equal(deadline.signal.reason, 'gone');
  assert.equal(deadline.abandoned, true);
});

test('a caller who leaves after the deadline did not end the work', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const caller = new AbortController();
  const deadline = new Deadline(1000, () => tooLate, caller.signal);
  t.mock.timers.tick(1000);
  caller.abort();
  assert.equal(deadline.abandoned, false);
});

test('waiting ends with the reason of the signal when that comes first', async () => {
  const controller = new AbortController();
  const waiting = untilAborted(new Promise(() => undefined), controller.signal);
  controller.abort(tooLate);
  assert.equal(await rejection(waiting), tooLate);
  assert.equal(
    await rejection(untilAborted(new Promise(() => undefined), controller.signal)),
    tooLate,
  );
});

test('what a promise comes to is passed on while the signal is silent', async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(1), signal), 1);
  assert.equal(await rejection(untilAborted(Promise.reject(tooLate), signal)), tooLate);
});
