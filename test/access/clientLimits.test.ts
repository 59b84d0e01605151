import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientLimits, type Waiting } from '../../src/access/clientLimits.ts';
import { CrowdedError } from '../../src/upstream/patientSlots.ts';

const never = new AbortController().signal;
const wait = 10_000;
const impatiently = (): Waiting => ({ signal: never, patience: 0 });
const patiently = (): Waiting => ({ signal: never, patience: wait });

/** Notes the names of what has settled, when the promises that are ready have had their say. */
function settledNames(turns: Readonly<Record<string, Promise<unknown> | undefined>>) {
  const settled: string[] = [];
  for (const [name, turn] of Object.entries(turns)) {
    void turn?.then(
      () => settled.push(name),
      () => settled.push(`not ${name}`),
    );
  }
  return async () => {
    for (let round = 0; round < 20; round += 1) await Promise.resolve();
    return settled;
  };
}

test('no second has more requests than are allowed, and those that wait come in turn', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new ClientLimits({ requestsPerSecond: 2, streams: 0, wait });
  assert.equal(limits.turn('a', patiently), undefined);
  t.mock.timers.tick(400);
  assert.equal(limits.turn('a', patiently), undefined);
  const [third, fourth, fifth] = [1, 2, 3].map(() => limits.turn('a', patiently));
  const settled = settledNames({ third, fourth, fifth });
  t.mock.timers.tick(599);
  assert.deepEqual(await settled(), []);
  t.mock.timers.tick(1);
  assert.deepEqual(await settled(), ['third']);
  t.mock.timers.tick(399);
  assert.deepEqual(await settled(), ['third']);
  t.mock.timers.tick(1);
  assert.deepEqual(await settled(), ['third', 'fourth']);
  t.mock.timers.tick(600);
  assert.deepEqual(await settled(), ['third', 'fourth', 'fifth']);
});

test('a client that is over its limit holds up no other', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new ClientLimits({ requestsPerSecond: 1, streams: 1, wait });
  assert.equal(limits.turn('a', patiently), undefined);
  assert.ok(limits.turn('a', patiently) instanceof Promise);
  assert.equal(limits.turn('b', patiently), undefined);
  void limits.stream('a', patiently);
  assert.ok(limits.stream('a', patiently) instanceof Promise);
  assert.ok(!(limits.stream('b', patiently) instanceof Promise));
});

test('who could not have a turn in time is refused at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new ClientLimits({ requestsPerSecond: 3, streams: 0, wait: 2000 });
  const turns = Array.from({ length: 10 }, () => limits.turn('a', patiently));
  assert.deepEqual(
    turns.map((turn) => turn !== undefined),
    [false, false, false, true, true, true, true, true, true, true],
  );
  await assert.rejects(turns[9] ?? Promise.resolve(), CrowdedError);
  t.mock.timers.tick(1000);
  for (const turn of turns.slice(3, 6)) await turn;
  t.mock.timers.tick(1000);
  for (const turn of turns.slice(6, 9)) await turn;
});

test('without waiting what goes beyond is refused', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new ClientLimits({ requestsPerSecond: 1, streams: 1, wait: 0 });
  void limits.turn('a', impatiently);
  await assert.rejects(limits.turn('a', impatiently) ?? Promise.resolve(), CrowdedError);
  void limits.stream('a', impatiently);
  const second = limits.stream('a', impatiently);
  t.mock.timers.tick(1);
  await assert.rejects(Promise.resolve(second), CrowdedError);
});

test('who leaves gives up its turn to the next one', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new ClientLimits({ requestsPerSecond: 1, streams: 0, wait });
  void limits.turn('a', patiently);
  const leaving = new AbortController();
  const left = limits.turn('a', () => ({ signal: leaving.signal, patience: wait }));
  const next = limits.turn('a', patiently);
  leaving.abort(new Error('gone'));
  await assert.rejects(left ?? Promise.resolve(), /gone/);
  t.mock.timers.tick(1000);
  await next;
});

test('a place for a stream is free when it was given back, however long that takes', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new ClientLimits({ requestsPerSecond: 0, streams: 1, wait });
  const first = await limits.stream('a', patiently);
  const second = limits.stream('a', patiently);
  const settled = settledNames({ second: Promise.resolve(second) });
  t.mock.timers.tick(wait - 1);
  assert.deepEqual(await settled(), []);
  first?.release();
  assert.ok((await second) !== undefined);
});

test('only clients that had a request within a second, or are sent something, are remembered', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = new ClientLimits({ requestsPerSecond: 2, streams: 2, wait });
  for (let client = 0; client < 100; client += 1) void limits.turn(`${client}`, patiently);
  const place = await limits.stream('0', patiently);
  assert.equal(limits.clients, 101);
  t.mock.timers.tick(1000);
  assert.equal(limits.clients, 1);
  place?.release();
  assert.equal(limits.clients, 0);
});

test('where there is no limit nobody waits, and nobody is remembered', () => {
  const limits = new ClientLimits({ requestsPerSecond: 0, streams: 0, wait });
  for (let count = 0; count < 1000; count += 1) {
    assert.equal(limits.turn('a', patiently), undefined);
    assert.equal(limits.stream('a', patiently), undefined);
  }
  assert.equal(limits.clients, 0);
});
