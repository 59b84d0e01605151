import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiPlaces } from '../../src/ops/apiPlaces.ts';
import { UpkeepError } from '../../src/upkeep/upkeepError.ts';

const never = new AbortController().signal;
const anHour = 3_600_000;

function isBusy(error: unknown): boolean {
  return error instanceof UpkeepError && error.failure === 'busy';
}

test('a place that is given back goes to who waits for it', async () => {
  const places = new ApiPlaces({ count: 1, line: 1, patience: anHour });
  const place = await places.take(never);
  const waiting = places.take(never);
  place.release();
  await waiting;
});

test('where the line is full the mirror is busy', async () => {
  const places = new ApiPlaces({ count: 1, line: 0, patience: anHour });
  await places.take(never);
  await assert.rejects(places.take(never), isBusy);
});

test('for who waited for too long the mirror is busy', async () => {
  const places = new ApiPlaces({ count: 1, line: 1, patience: 1 });
  await places.take(never);
  await assert.rejects(places.take(never), isBusy);
});

test('who goes away gets the reason', async () => {
  const places = new ApiPlaces({ count: 1, line: 1, patience: anHour });
  await places.take(never);
  const leaving = new AbortController();
  const left = places.take(leaving.signal);
  const reason = new Error('gone');
  leaving.abort(reason);
  await assert.rejects(left, reason);
});
