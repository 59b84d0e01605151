import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegistryError } from '../../src/registry/errors.ts';
import { readTarget } from '../../src/http/requestTarget.ts';

test('ns is taken out of the query and the rest is left', () => {
  const target = readTarget('/v2/a/tags/list?n=5&ns=ghcr.io&last=x');
  assert.equal(target.path, '/v2/a/tags/list');
  assert.equal(target.ns, 'ghcr.io');
  assert.equal(target.query.toString(), 'n=5&last=x');
});

test('without a query there is no ns, and an empty one is none', () => {
  assert.equal(readTarget('/v2/').ns, undefined);
  assert.equal(readTarget('/v2/?ns=').ns, undefined);
});

test('two of them are refused, because it could not be told which one a proxy looked at', () => {
  assert.throws(() => readTarget('/v2/?ns=docker.io&ns=ghcr.io'), RegistryError);
});

test('dots in a path are left as they are', () => {
  assert.equal(readTarget('/v2/../../etc/passwd').path, '/v2/../../etc/passwd');
});
