import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RepositoryList } from '../../src/mirror/repositoryList.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { parseRepositoryName, type RepositoryName } from '../../src/registry/repositoryName.ts';
import { globsOf } from '../support/testMirror.ts';

const allow = { repositories: globsOf(['library/*', 'acme/**']), reason: 'not on our list' };
const deny = [
  { repositories: globsOf(['acme/old-*']), reason: 'use the new one' },
  { repositories: globsOf(['*/evil', 'acme/old-app']), reason: 'never' },
];

function named(text: string): RepositoryName {
  const name = parseRepositoryName(text);
  assert.ok(name !== undefined);
  return name;
}

describe('what an operator lets be pulled', () => {
  test('is all that is allowed and not denied, each with its own reason', () => {
    const list = new RepositoryList({ allow, deny, impliesLibrary: true });
    for (const [name, reason] of [
      ['library/alpine', undefined],
      ['acme/team/app', undefined],
      ['acme/old-app', 'use the new one'],
      ['library/evil', 'never'],
      ['other/app', 'not on our list'],
    ] as const) {
      // The second time from memory.
      for (let time = 0; time < 2; time += 1)
        assert.equal(list.refusalOf(named(name)), reason, name);
    }
  });

  test('is all but what is denied, where nothing is said of the rest', () => {
    const list = new RepositoryList({ deny, impliesLibrary: true });
    assert.equal(list.refusalOf(named('other/app')), undefined);
    assert.equal(list.refusalOf(named('other/evil')), 'never');
  });

  test('may be named as Docker Hub names its own images, where that is the custom', () => {
    const official = { repositories: globsOf(['alpine', 'node*']), reason: 'only these' };
    const denied = [{ repositories: globsOf(['node-red']), reason: 'not that one' }];
    const on = (impliesLibrary: boolean) =>
      new RepositoryList({ allow: official, deny: denied, impliesLibrary });
    for (const [name, reason] of [
      ['library/alpine', undefined],
      ['library/node', undefined],
      ['library/node-red', 'not that one'],
      ['library/other', 'only these'],
      ['library/team/alpine', 'only these'],
      ['acme/alpine', 'only these'],
    ] as const) {
      assert.equal(on(true).refusalOf(named(name)), reason, name);
      assert.equal(on(false).refusalOf(named(name)), 'only these', name);
    }
    assert.equal(on(false).refusalOf(named('alpine')), undefined);
  });

  test('is told to a client in the operator’s words', () => {
    const list = new RepositoryList({ allow, deny, impliesLibrary: true });
    list.require(named('library/alpine'));
    assert.throws(
      () => list.require(named('other/app')),
      (error) =>
        error instanceof RegistryError &&
        error.code === 'DENIED' &&
        error.message === 'not on our list',
    );
  });
});
