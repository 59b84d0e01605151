import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ApiToken } from '../../src/ops/apiToken.ts';
import { assertHoldsNoSecret, markedSecret } from '../support/secretMark.ts';

const secret = markedSecret('ops');

test('a token is like itself, and like nothing longer, shorter or else', () => {
  const token = new ApiToken(secret);
  assert.equal(token.matches(secret), true);
  for (const other of ['', `${secret}x`, secret.slice(1), secret.toLowerCase(), 'x']) {
    assert.equal(token.matches(other), false);
  }
});

test('a token can’t be seen in what is made of it', () => {
  const token = new ApiToken(secret);
  const all = inspect(token, { depth: 9, showHidden: true });
  assertHoldsNoSecret('the token', `${all}${JSON.stringify(token)}`);
});
