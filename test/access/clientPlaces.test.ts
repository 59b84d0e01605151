import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientPlaces } from '../../src/access/clientPlaces.ts';
import { CrowdedError } from '../../src/upstream/patientSlots.ts';

const never = new AbortController().signal;
const anHour = 3_600_000;

test('each client has places and a line of its own', async () => {
  const places = new ClientPlaces({ count: 1, line: 1 });
  const [mine, yours] = [places.tryTake('me'), places.tryTake('you')];
  assert.ok(mine !== undefined && yours !== undefined);
  assert.equal(places.tryTake('me'), undefined);
  const waiting = places.take('me', never, anHour);
  await assert.rejects(places.take('me', never, anHour), CrowdedError);
  yours.release();
  mine.release();
  await waiting;
});

test('a client is forgotten when it has given back everything, and not before', async () => {
  const places = new ClientPlaces({ count: 2, line: 2 });
  const [one, two] = [places.tryTake('a'), places.tryTake('a')];
  const later = places.take('a', never, anHour);
  for (const place of [one, two]) {
    place?.release();
    assert.equal(places.clients, 1);
  }
  (await later).release();
  assert.equal(places.clients, 0);
});

test('a client that came to wait and left is forgotten', async () => {
  const places = new ClientPlaces({ count: 1, line: 1 });
  const place = places.tryTake('a');
  const leaving = new AbortController();
  const left = places.take('a', leaving.signal, anHour);
  leaving.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  await assert.rejects(places.take('b', leaving.signal, anHour), /gone/);
  place?.release();
  assert.equal(places.clients, 0);
});
