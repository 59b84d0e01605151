import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRecent } from '../../src/mirror/recency.ts';

test('what happened is recent from that moment until the period is over', () => {
  assert.equal(isRecent(100, 10, 100), true);
  assert.equal(isRecent(100, 10, 109), true);
  assert.equal(isRecent(100, 10, 110), false);
});

test('nothing is recent in a period of 0', () => {
  assert.equal(isRecent(100, 0, 100), false);
});

test('what seems to be yet to come, because the clock was set back, is not recent', () => {
  assert.equal(isRecent(100, 10, 99), false);
});

test('what never happened is not recent', () => {
  assert.equal(isRecent(undefined, 10, 5), false);
});
