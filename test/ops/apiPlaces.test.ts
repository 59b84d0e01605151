import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiPlaces } from '../../src/ops/apiPlaces.ts';
import { UpkeepError } from '../../src/upkeep/upkeepError.ts';

const never = new AbortController().signal;
const anHour = 3_600_000;

function isBusy(error: unknown): boolean {
  return error instanceof UpkeepError && error.failure === 'busy';
}

test('a place that is given back goes to who waits the longest', async () => {
  const places = new ApiPlaces({ count: 1, line: 2, patience: anHour });
  await places.take(never);
  const got: string[] = [];
  const first = places.take(never).then(() => got.push('first'));
  const second = places.take(never).then(() => got.push('second'));
  places.giveBack();
  await first;
  assert.deepEqual(got, ['first']);
  places.giveBack();
  await second;
  assert.deepEqual(got, ['first', 'second']);
});

test('a full line refuses at once', async () => {
  const places = new ApiPlaces({ count: 1, line: 1, patience: anHour });
  await places.take(never);
  const waiting = places.take(never);
  await assert.rejects(places.take(never), isBusy);
  places.giveBack();
  await waiting;
});

test('who waited for too long is refused, and leaves the line', async () => {
  const places = new ApiPlaces({ count: 1, line: 1, patience: 1 });
  await places.take(never);
  await assert.rejects(places.take(never), isBusy);
  places.giveBack();
  await places.take(never);
});

test('who goes away leaves the line, and takes no place that is given back at that moment', async () => {
  const places = new ApiPlaces({ count: 1, line: 1, patience: anHour });
  await places.take(never);
  const leaving = new AbortController();
  const left = places.take(leaving.signal);
  const reason = new Error('gone');
  leaving.abort(reason);
  places.giveBack();
  await assert.rejects(left, reason);
  await places.take(never);
  await assert.rejects(places.take(leaving.signal), reason);
});
