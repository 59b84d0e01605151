import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeNumber } from './wholeNumber.ts';

test('an option of a measurement is a whole number of 1 or more', () => {
  assert.deepEqual([wholeNumber('rounds', '1'), wholeNumber('rounds', '20')], [1, 20]);
  for (const text of ['x', '', '0', '-1', '1.5', 'Infinity', '9007199254740993']) {
    const message = `--rounds ${text}: expected a whole number from 1`;
    assert.throws(() => wholeNumber('rounds', text), { message });
  }
});
