import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from './manualClock.ts';

test('a manual clock stands still until it is moved', () => {
  const clock = manualClock(1000);
  assert.equal(clock(), 1000);
  clock.advance(50);
  assert.equal(clock(), 1050);
  clock.set(7);
  assert.equal(clock(), 7);
});
