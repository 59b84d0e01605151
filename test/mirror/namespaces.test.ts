import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Namespaces, type NamespaceRule } from '../../src/mirror/namespaces.ts';
import { globsOf } from '../support/testMirror.ts';

const rules: readonly NamespaceRule[] = [
  { repositories: globsOf(['acme/base-*']), visibility: 'upstream', private: 'allow' },
  { repositories: globsOf(['acme/open']), visibility: 'public' },
  { repositories: globsOf(['acme/**']), visibility: 'private', private: 'users' },
  { repositories: globsOf(['lab/*']), upstream: 'ghcr.io', visibility: 'private' },
];

describe('what holds for a repository', () => {
  const namespaces = new Namespaces('deny', rules);
  const of = (name: string, host = 'docker.io') =>
    namespaces.of({ host, name, impliesLibrary: host === 'docker.io' });

  test('is said by the first rule that is for it', () => {
    const [base, open, secret] = [of('acme/base-java'), of('acme/open'), of('acme/secret')];
    assert.deepEqual([base.visibility, base.private], ['upstream', 'allow']);
    assert.deepEqual([open.visibility, open.private], ['public', 'deny']);
    assert.deepEqual([secret.visibility, secret.private], ['private', 'users']);
  });

  test('is what holds in general, where no rule is for it or the rule leaves it open', () => {
    const general = of('lab/app');
    assert.deepEqual([general.visibility, general.private], ['upstream', 'deny']);
    const named = of('lab/app', 'ghcr.io');
    assert.deepEqual([named.visibility, named.private], ['private', 'deny']);
  });

  test('names the setting that opens it, or that would', () => {
    assert.equal(of('acme/base-java').openBy, 'access.namespaces[0].private');
    assert.equal(of('acme/open').openBy, 'access.namespaces[1].visibility');
    assert.equal(of('acme/secret').openBy, undefined);
    assert.equal(of('acme/secret').setting, 'access.namespaces[2].private');
    assert.equal(of('lab/app', 'ghcr.io').setting, 'access.private');
    assert.equal(
      new Namespaces('allow', []).of({ host: 'a', name: 'b', impliesLibrary: false }).openBy,
      'access.private',
    );
  });
});
