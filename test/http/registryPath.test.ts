import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, property } from 'fast-check';
import { RegistryError } from '../../src/registry/errors.ts';
import { parseRegistryPath } from '../../src/http/registryPath.ts';
import { anyText } from '../support/anyText.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function codeOf(path: string): string {
  try {
    parseRegistryPath(path);
  } catch (error) {
    assert.ok(error instanceof RegistryError);
    return error.code;
  }
  return 'accepted';
}

test('the base of the API is found with and without its slash', () => {
  assert.deepEqual(parseRegistryPath('/v2/'), { kind: 'base' });
  assert.deepEqual(parseRegistryPath('/v2'), { kind: 'base' });
});

test('a name of any number of components is read from the end of the path', () => {
  assert.deepEqual(parseRegistryPath('/v2/a/b/c/manifests/latest'), {
    kind: 'manifest',
    name: ['a', 'b', 'c'],
    reference: { kind: 'tag', tag: 'latest' },
  });
  assert.deepEqual(parseRegistryPath(`/v2/alpine/blobs/${digest}`), {
    kind: 'blob',
    name: ['alpine'],
    digest,
  });
  assert.deepEqual(parseRegistryPath('/v2/library/alpine/tags/list'), {
    kind: 'tags',
    name: ['library', 'alpine'],
  });
  assert.deepEqual(parseRegistryPath(`/v2/a/referrers/${digest}`), {
    kind: 'referrers',
    name: ['a'],
    digest,
  });
});

test('a repository may have a component that is called like a route', () => {
  assert.deepEqual(parseRegistryPath('/v2/manifests/tags/manifests/list'), {
    kind: 'manifest',
    name: ['manifests', 'tags'],
    reference: { kind: 'tag', tag: 'list' },
  });
});

test('the colon of a digest may be percent-encoded', () => {
  const path = parseRegistryPath(`/v2/a/blobs/${digest.replace(':', '%3A')}`);
  assert.equal(path.kind === 'blob' && path.digest, digest);
});

test('an encoded slash stays within its segment', () => {
  const path = parseRegistryPath('/v2/a%2Fb/tags/list');
  assert.deepEqual(path.kind === 'tags' && path.name, ['a/b']);
});

test('what is no registry path is not found', () => {
  for (const path of [
    '/',
    '/v1/search',
    '/v2/_catalog',
    '/v2/a',
    '/v2/a/b',
    '/v2/a/blobs/uploads/',
  ]) {
    assert.match(codeOf(path), /NOT_FOUND|DIGEST_INVALID/, path);
  }
  assert.equal(codeOf('/v3/a/manifests/b'), 'NOT_FOUND');
  assert.equal(codeOf('v2/'), 'NOT_FOUND');
});

test('what is wrong with a reference is said', () => {
  assert.equal(codeOf('/v2/a/manifests/sha256:totallywrong'), 'DIGEST_INVALID');
  assert.equal(codeOf('/v2/a/manifests/-x'), 'MANIFEST_UNKNOWN');
  assert.equal(codeOf(`/v2/a/manifests/${'x'.repeat(129)}`), 'MANIFEST_UNKNOWN');
  assert.equal(codeOf(`/v2/a/blobs/sha256:${'A'.repeat(64)}`), 'DIGEST_INVALID');
  assert.equal(codeOf('/v2/a/manifests/%zz'), 'REQUEST_INVALID');
});

test('no text whatever makes anything but a path or an error of the table', () => {
  check(
    property(anyText(), (text) => {
      codeOf(`/v2/${text}`);
      codeOf(text);
    }),
  );
});
