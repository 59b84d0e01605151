import assert from 'node:assert/strict';
import { test } from 'node:test';
import { together } from './discard.ts';
import type { Discarded } from './discardOrder.ts';

const part = (seconds: number, bytes: number): Discarded => ({
  seconds,
  bytes,
  firstByteSeconds: [seconds / 2],
  doneSeconds: [seconds],
  clientCpuSeconds: 1,
});

test('what two processes did at once is summed, and lasted as long as the longer', () => {
  assert.deepEqual(together([part(2, 100), part(4, 10)]), {
    seconds: 4,
    bytes: 110,
    firstByteSeconds: [1, 2],
    doneSeconds: [2, 4],
    clientCpuSeconds: 2,
  });
});
