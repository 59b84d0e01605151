import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readToken } from '../../src/upstream/token.ts';

function read(reply: unknown) {
  return readToken(Buffer.from(JSON.stringify(reply)), 1_000_000);
}

test('the token is under either of its names', () => {
  assert.equal(read({ token: 'abc' })?.text, 'abc');
  assert.equal(read({ access_token: 'abc' })?.text, 'abc');
  assert.equal(read({ token: '', access_token: 'abc' })?.text, 'abc');
});

test('it is renewed 30 s before its end, or when a tenth of a shorter life is left', () => {
  assert.equal(read({ token: 'abc', expires_in: 43_200 })?.renewAt, 1_000_000 + 43_170_000);
  assert.equal(read({ token: 'abc', expires_in: 300 })?.renewAt, 1_000_000 + 270_000);
  assert.equal(read({ token: 'abc', expires_in: 100 })?.renewAt, 1_000_000 + 90_000);
});

test('it lives for 60 s at least, and when nothing else is said', () => {
  for (const expires_in of [undefined, null, 0, -1, 10, 'soon']) {
    assert.equal(read({ token: 'abc', expires_in })?.renewAt, 1_000_000 + 54_000);
  }
});

test('there is no token in an answer without one, or with one that no header could carry', () => {
  for (const reply of [{}, [], null, 'abc', { token: 7 }, { token: 'a\r\nb' }, { token: '' }]) {
    assert.equal(read(reply), undefined);
  }
  assert.equal(readToken(Buffer.from('<html>'), 0), undefined);
});
