import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileWith, loadFrom, problemsFrom, token } from './loadFrom.ts';
import type { Configuration } from '../../src/config/configuration.ts';

function accountsOf({ upstreams }: Configuration): readonly (readonly unknown[])[] {
  const hub = upstreams.find(({ host }) => host === 'docker.io');
  return (hub?.accounts ?? []).map((account) => [account.username, account.token?.reveal()]);
}

describe('DOCKERHUB_USERNAME', () => {
  test('with DOCKERHUB_TOKEN adds an account to docker.io', () => {
    const environment = { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN: token };
    assert.deepEqual(accountsOf(loadFrom({ environment }).configuration), [['acme', token]]);
  });

  test('with DOCKERHUB_TOKEN_FILE adds an account with the token of the file', async (t) => {
    const DOCKERHUB_TOKEN_FILE = await fileWith(t, `${token}\r\n`);
    const environment = { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN_FILE };
    assert.deepEqual(accountsOf(loadFrom({ environment }).configuration), [['acme', token]]);
  });

  const upstreams =
    'upstreams:\n  - host: ghcr.io\n  - host: docker.io\n    accounts:\n      - {username: one, token: a}\n';

  test('comes after the accounts of the file', async (t) => {
    const file = await fileWith(t, upstreams);
    const environment = { DOCKERHUB_USERNAME: 'two', DOCKERHUB_TOKEN: 'b' };
    assert.deepEqual(accountsOf(loadFrom({ file, environment }).configuration), [
      ['one', 'a'],
      ['two', 'b'],
    ]);
  });

  test('replaces the file’s account of that name', async (t) => {
    const file = await fileWith(t, upstreams);
    const environment = { DOCKERHUB_USERNAME: 'one', DOCKERHUB_TOKEN: 'b' };
    assert.deepEqual(accountsOf(loadFrom({ file, environment }).configuration), [['one', 'b']]);
  });

  test('is added below an accounts heading with nothing below it', async (t) => {
    const file = await fileWith(t, 'upstreams:\n  - host: docker.io\n    accounts:\n');
    const environment = { DOCKERHUB_USERNAME: 'one', DOCKERHUB_TOKEN: 'b' };
    assert.deepEqual(accountsOf(loadFrom({ file, environment }).configuration), [['one', 'b']]);
  });
});

const incomplete: readonly (readonly [NodeJS.ProcessEnv, string])[] = [
  [
    { DOCKERHUB_USERNAME: 'acme' },
    'DOCKERHUB_USERNAME: expected DOCKERHUB_TOKEN or DOCKERHUB_TOKEN_FILE beside it',
  ],
  [
    { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN: '' },
    'DOCKERHUB_USERNAME: expected DOCKERHUB_TOKEN or DOCKERHUB_TOKEN_FILE beside it',
  ],
  [{ DOCKERHUB_TOKEN: token }, 'DOCKERHUB_TOKEN: expected DOCKERHUB_USERNAME beside it'],
  [{ DOCKERHUB_TOKEN_FILE: '/x' }, 'DOCKERHUB_TOKEN_FILE: expected DOCKERHUB_USERNAME beside it'],
  [
    { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN: token, DOCKERHUB_TOKEN_FILE: '/x' },
    'DOCKERHUB_TOKEN: expected either this or DOCKERHUB_TOKEN_FILE, not both',
  ],
  [
    { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN_FILE: '/nonexistent/token' },
    'DOCKERHUB_TOKEN_FILE: upstreams[0].accounts[0].tokenFile: expected a file that can be read: no such file, got "/nonexistent/token"',
  ],
];
for (const [environment, problem] of incomplete) {
  test(`${Object.keys(environment).join(' and ')} can be a problem: ${problem}`, () => {
    assert.deepEqual(problemsFrom({ environment }), [problem]);
  });
}
