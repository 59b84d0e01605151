import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { redactSecrets } from '../../src/ops/redactSecrets.ts';

describe('redactSecrets', () => {
  for (const name of [
    'authorization',
    'Authorization',
    'proxy-authorization',
    'token',
    'access_token',
    'accessToken',
    'password',
    'cookie',
    'set-cookie',
    'www-authenticate',
    'X-Registry-Auth',
    'auth',
    'clientSecret',
  ]) {
    test(`masks the member ${name}, as text and as a list`, () => {
      const line = JSON.stringify({ a: 1, [name]: 's3cr"et\\', b: { [name]: ['s3cret', 's3'] } });
      assert.deepEqual(JSON.parse(redactSecrets(line)), {
        a: 1,
        [name]: '[redacted]',
        b: { [name]: '[redacted]' },
      });
    });
  }

  test('masks a member of JSON inside of a string', () => {
    const inner = JSON.stringify({ token: 'eyJhbGciOi.J9', expires_in: 300 });
    const redacted = redactSecrets(JSON.stringify({ msg: `not valid: ${inner}` }));
    assert.equal(
      (JSON.parse(redacted) as { msg: string }).msg,
      'not valid: {"token":"[redacted]","expires_in":300}',
    );
  });

  test('masks the credentials of an Authorization header wherever they stand', () => {
    assert.equal(redactSecrets('sent Bearer eyJh.bGci, twice'), 'sent Bearer [redacted], twice');
    assert.equal(
      redactSecrets('["authorization","Basic dTpw"]'),
      '["authorization","Basic [redacted]"]',
    );
  });

  test('leaves the words Basic and Bearer in a sentence alone', () => {
    const text = 'the registry wants Basic authentication, no Bearer token here';
    assert.equal(redactSecrets(text), text);
  });

  test('strips the query of an address and keeps the rest', () => {
    assert.equal(
      redactSecrets('GET https://cdn.test/blobs/sha256:ab?X-Amz-Signature=f00&e=1 failed'),
      'GET https://cdn.test/blobs/sha256:ab?[redacted] failed',
    );
  });

  test('strips every address of a line', () => {
    const redacted = redactSecrets('http://a.test/?s=1 HTTPS://b.test/x?s=2 "https://c.test?s=3"');
    assert.doesNotMatch(redacted, /s=/);
  });

  test('strips the password of an address', () => {
    assert.equal(
      redactSecrets('through http://user:p@ss@proxy.test:3128/'),
      'through http://[redacted]@proxy.test:3128/',
    );
  });

  test('keeps every line of JSON a line of JSON', () => {
    const fragments = [
      '"token":"',
      '\\"',
      '\\',
      '"',
      'Basic ',
      'https://',
      'a@',
      '?',
      '[',
      ',',
      ' ',
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...fragments), fc.string()))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text))), (members) => {
        const redacted = redactSecrets(JSON.stringify({ ...members, last: 1 }));
        assert.equal((JSON.parse(redacted) as { last: number }).last, 1);
      }),
    );
  });

  test('leaves members that only mention a secret in their value', () => {
    const line = '{"operation":"token","tokenFile":"/run/secrets/hub","status":"401"}';
    assert.equal(redactSecrets(line), line);
  });
});
