import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from '../../src/config/secret.ts';

const secret = new Secret('hunter2');

test('a secret gives its value only when it is asked to', () => {
  assert.equal(secret.reveal(), 'hunter2');
});

const texts: Readonly<Record<string, string>> = {
  concatenation: String(secret),
  JSON: JSON.stringify({ token: secret }),
  inspection: inspect({ token: secret }, { showHidden: true, depth: 9 }),
  formatting: format('%s %o %j', secret, secret, secret),
  copying: JSON.stringify(Object.assign({}, secret)),
};
for (const [way, text] of Object.entries(texts)) {
  test(`a secret does not show its value by ${way}`, () => {
    assert.doesNotMatch(text, /hunter2/);
  });
}
