import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SingleFlight } from '../../src/upstream/singleFlight.ts';
import { rejection } from './testUpstream.ts';

test('callers who want the same thing at the same time share one piece of work', async () => {
  const flights = new SingleFlight<string, number>();
  const gate = Promise.withResolvers<number>();
  let runs = 0;
  const work = () => {
    runs += 1;
    return gate.promise;
  };
  const first = flights.run('key', work);
  const second = flights.run('key', work);
  gate.resolve(7);
  assert.deepEqual([first.joined, second.joined], [false, true]);
  assert.deepEqual(await Promise.all([first.promise, second.promise]), [7, 7]);
  assert.equal(runs, 1);
});

test('different keys are different work', async () => {
  const flights = new SingleFlight<string, string>();
  const one = flights.run('one', () => Promise.resolve('first'));
  const two = flights.run('two', () => Promise.resolve('second'));
  assert.equal(two.joined, false);
  assert.deepEqual(await Promise.all([one.promise, two.promise]), ['first', 'second']);
});

test('a failure reaches every waiter, and the next caller tries anew', async () => {
  const flights = new SingleFlight<string, string>();
  const fault = new Error('it broke');
  const first = flights.run('key', () => Promise.reject(fault));
  const second = flights.run('key', () => Promise.resolve('never run'));
  assert.equal(await rejection(first.promise), fault);
  assert.equal(await rejection(second.promise), fault);
  const third = flights.run('key', () => Promise.resolve('well'));
  assert.equal(third.joined, false);
  assert.equal(await third.promise, 'well');
});

test('what is done is not kept: the next caller starts new work', async () => {
  const flights = new SingleFlight<string, number>();
  await flights.run('key', () => Promise.resolve(1)).promise;
  assert.equal(await flights.run('key', () => Promise.resolve(2)).promise, 2);
});

test('work that throws before its first await is a failure like any other', async () => {
  const flights = new SingleFlight<string, string>();
  const { promise } = flights.run('key', () => {
    throw new Error('at once');
  });
  assert.match(String(await rejection(promise)), /at once/);
  assert.equal(flights.run('key', () => Promise.resolve('again')).joined, false);
});

test('a failure that every caller has left behind does not end the process', async (t) => {
  const flights = new SingleFlight<string, string>();
  const unhandled = t.mock.fn();
  process.on('unhandledRejection', unhandled);
  t.after(() => process.off('unhandledRejection', unhandled));
  flights.run('key', () => Promise.reject(new Error('nobody listens')));
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(unhandled.mock.callCount(), 0);
});
