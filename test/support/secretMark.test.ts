import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertHoldsNoSecret, assertMarked, holdsSecret, markedSecret } from './secretMark.ts';

const password = markedSecret('dckr_pat_mona');

test('a marked secret is found as it is, in a text and in bytes', () => {
  assert.ok(holdsSecret(`Bearer ${password}`));
  assert.ok(holdsSecret(Buffer.from(`Bearer ${password}`)));
  assert.ok(!holdsSecret('Bearer and Basic are schemes'));
});

for (const username of ['a', 'ab', 'abc']) {
  test(`a marked secret is found in the Basic credentials of ${username}`, () => {
    assert.ok(holdsSecret(Buffer.from(`${username}:${password}:x`).toString('base64')));
  });
}

test('where a secret shows is told, and in which line', () => {
  assert.throws(
    () => assertHoldsNoSecret('the log', `one\ntoken ${password}\nthree`),
    ({ message }: Error) => message === `a secret shows in the log:\nline 2: token ${password}`,
  );
  assertHoldsNoSecret('the log', 'one\ntwo');
});

test('a secret without the mark is refused', () => {
  assert.throws(() => assertMarked('hunter2'));
  assertMarked(password);
});
