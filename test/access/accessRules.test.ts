import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AccessRules, type AccessRule } from '../../src/access/accessRules.ts';
import { globsOf } from '../support/testMirror.ts';

const groups = [
  { name: 'platform', users: ['alice', 'bob'] },
  { name: 'data', users: ['bob'] },
];
const rules: readonly AccessRule[] = [
  rule({ users: ['bob'], repositories: ['acme/secret'], pull: false }),
  rule({ groups: ['platform'], repositories: ['acme/**'] }),
  rule({ groups: ['data'], repositories: ['lab/*'], upstream: 'ghcr.io' }),
  rule({ users: ['*'], repositories: ['shared/*'] }),
  rule({ users: ['carol'], groups: ['data'], repositories: ['shared/*', 'more/*'], pull: false }),
];

function rule(options: {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly repositories: readonly string[];
  readonly upstream?: string;
  readonly pull?: boolean;
}): AccessRule {
  const { users = [], groups: of = [], upstream, pull = true } = options;
  return { users, groups: of, repositories: globsOf(options.repositories), upstream, pull };
}

function decide(user: string, name: string, host = 'docker.io'): string | undefined {
  const decision = new AccessRules(rules, groups).decide(user, {
    host,
    name,
    impliesLibrary: true,
  });
  return decision && `${decision.rule} ${decision.pull}`;
}

describe('the first rule that is for both a user and a repository', () => {
  test('counts, whether it names the user, a group or everybody', () => {
    assert.equal(decide('bob', 'acme/secret'), 'access.rules[0] false');
    assert.equal(decide('alice', 'acme/secret'), 'access.rules[1] true');
    assert.equal(decide('bob', 'acme/other'), 'access.rules[1] true');
    assert.equal(decide('carol', 'shared/app'), 'access.rules[3] true');
    assert.equal(decide('carol', 'more/app'), 'access.rules[4] false');
    assert.equal(decide('bob', 'more/app'), 'access.rules[4] false');
    assert.equal(decide('stranger', 'shared/app'), 'access.rules[3] true');
  });

  test('may be none', () => {
    assert.equal(decide('carol', 'acme/secret'), undefined);
    assert.equal(decide('alice', 'lab/app', 'ghcr.io'), undefined);
    assert.equal(decide('platform', 'acme/other'), undefined);
  });

  test('is for the upstream that it names', () => {
    assert.equal(decide('bob', 'lab/app', 'ghcr.io'), 'access.rules[2] true');
    assert.equal(decide('bob', 'lab/app'), undefined);
  });

  test('is remembered for each user and repository by itself', () => {
    const remembering = new AccessRules(rules, groups);
    for (let time = 0; time < 2; time += 1) {
      const of = (user: string, name: string) =>
        remembering.decide(user, { host: 'docker.io', name, impliesLibrary: true })?.pull;
      assert.deepEqual(
        [of('alice', 'acme/secret'), of('bob', 'acme/secret'), of('carol', 'acme/secret')],
        [true, false, undefined],
      );
    }
  });
});
