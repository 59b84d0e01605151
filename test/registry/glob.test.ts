import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { matchesAny, parseGlob, type Glob } from '../../src/registry/glob.ts';

function glob(text: string): Glob {
  const parsed = parseGlob(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}

const characters = fc.constantFrom('a', 'b', '1', '-', '_');
const word = fc.string({ unit: characters, minLength: 1, maxLength: 6 });
const names = fc.array(word, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const wildcards = fc.constantFrom('*', '?', '[ab]', '[!a]', '[a-z0-9]', 'a', 'b', '-', '1');
const pattern = fc
  .array(wildcards, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join('').replace(/\*+/g, '*'));
const patterns = fc
  .array(fc.oneof(pattern, fc.constantFrom('**', '*')), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('/'));

describe('a glob', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['latest', ['latest'], ['latest-alpine', 'Latest', '']],
    ['acme/*', ['acme/app'], ['acme', 'acme/team/app', 'acme2/app', 'x/acme/app']],
    ['acme/**', ['acme/app', 'acme/team/app'], ['acme', 'acme2/app']],
    ['**', ['alpine', 'library/alpine', 'a/b/c'], []],
    ['**/app', ['app', 'acme/app', 'acme/team/app'], ['acme/app/x']],
    ['acme/**/app', ['acme/app', 'acme/a/b/app'], ['acme', 'acme/app/x']],
    ['*', ['alpine'], ['library/alpine']],
    ['v[0-9]*', ['v1', 'v1.2.3'], ['v', 'vx', 'latest']],
    ['v[!0-9]*', ['vx'], ['v1']],
    ['1.?', ['1.2'], ['1.', '1.23', '1x2']],
    ['*.*.*', ['1.27.3'], ['1.27']],
    ['*-ci-*', ['a-ci-b', 'a-ci-ci-b', '-ci-'], ['a-ci', 'ci-b']],
  ];
  for (const [text, like, unlike] of cases) {
    test(`${text} stands for ${like.join(', ')} alone`, () => {
      assert.deepEqual(
        [...like, ...unlike].filter((name) => glob(text).matches(name)),
        like,
      );
    });
  }

  test('agrees with that of node:path', () => {
    fc.assert(
      fc.property(patterns, names, (text, name) => {
        assert.equal(glob(text).matches(name), posix.matchesGlob(name, text));
      }),
      { numRuns: 2000 },
    );
  });

  test('with many wildcards takes no long time over a name that nearly fits', () => {
    const text = `${'*a'.repeat(100)}*b`;
    assert.equal(glob(text).matches('a'.repeat(255)), false);
    assert.equal(glob(`${'**/a/'.repeat(50)}b`).matches('a/'.repeat(127)), false);
  });

  test('is shown as it was written', () => {
    assert.equal(`${String(glob('acme/*'))} ${JSON.stringify(glob('v?'))}`, 'acme/* "v?"');
  });
});

describe('parseGlob', () => {
  const refused = {
    nothing: '',
    'an empty component': 'acme//app',
    'a slash at the front': '/acme',
    'a slash at the end': 'acme/',
    'two stars beside other characters': 'acme**',
    'three stars': '***',
    'a set that is not closed': 'v[0-9',
    'an empty set': 'v[]',
    'a set within a set': '[[:alpha:]]',
    'a range that runs backwards': '[9-0]',
    'a slash in a set': '[a/b]',
    'braces, of which not all tools know the same': '{a,b}',
    'a negation': '!acme/*',
    'a backslash': 'acme\\*',
    'a space': 'acme app',
    'a tag beside the repository': 'acme/app:1',
    'more characters than a repository can have': 'a'.repeat(256),
  };
  for (const [what, text] of Object.entries(refused)) {
    test(`refuses ${what}`, () => assert.equal(parseGlob(text), undefined));
  }
});

test('a name is like a list of globs when it is like one of them', () => {
  const globs = [glob('acme/*'), glob('library/alpine')];
  assert.ok(matchesAny(globs, 'library/alpine'));
  assert.ok(!matchesAny(globs, 'library/busybox'));
  assert.ok(!matchesAny([], 'library/alpine'));
});
