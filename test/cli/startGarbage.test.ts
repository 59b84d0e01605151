import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { collectStartGarbage } from '../../src/cli/startGarbage.ts';

function madeAtStart(): WeakRef<object> {
  return new WeakRef({ schema: 'of the configuration' });
}

test('what nothing refers to after a start is gone', async () => {
  const made = madeAtStart();
  // Until the end of the turn in which it was made, a WeakRef keeps what it refers to.
  await nextTurn();
  collectStartGarbage();
  assert.equal(made.deref(), undefined);
});

test('the collector is out of reach afterwards', () => {
  collectStartGarbage();
  assert.equal(runInNewContext('typeof gc'), 'undefined');
});
