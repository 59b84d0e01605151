import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransferRate } from '../../src/cli/transferRate.ts';
import { manualClock } from '../support/manualClock.ts';

test('one look tells no rate', () => {
  assert.equal(new TransferRate(manualClock()).measure(1000), undefined);
});

test('it is what came in a second', () => {
  const clock = manualClock();
  const rate = new TransferRate(clock);
  rate.measure(1000);
  clock.advance(500);
  assert.equal(rate.measure(2000), 2000);
});

test('what was longer ago counts no more', () => {
  const clock = manualClock();
  const rate = new TransferRate(clock);
  rate.measure(0);
  for (let second = 0; second < 10; second += 1) {
    clock.advance(1000);
    rate.measure(1_000_000);
  }
  assert.equal(rate.measure(1_000_000), 0);
});
