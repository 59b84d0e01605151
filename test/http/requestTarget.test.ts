import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RegistryError } from '../../src/registry/errors.ts';
import { readTarget } from '../../src/http/requestTarget.ts';
import { anyText } from '../support/anyText.ts';

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

test('whatever path and query were written are read back, and ns apart from them', () => {
  const texts = anyText().map((text) => text.toWellFormed());
  const pairs = fc.array(fc.tuple(texts, texts).filter(([name]) => name !== 'ns'));
  const paths = anyText().map((text) => text.replaceAll('?', ''));
  fc.assert(
    fc.property(paths, pairs, texts, fc.nat(), (path, query, ns, at) => {
      const all = query.toSpliced(at % (query.length + 1), 0, ['ns', ns]);
      const target = readTarget(`${path}?${new URLSearchParams(all).toString()}`);
      assert.equal(target.path, path);
      assert.equal(target.ns, ns === '' ? undefined : ns);
      assert.deepEqual([...target.query], query);
    }),
  );
});

test('dots in a path are left as they are', () => {
  assert.equal(readTarget('/v2/../../etc/passwd').path, '/v2/../../etc/passwd');
});
