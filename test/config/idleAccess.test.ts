import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { certificatePath } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { fileWith, loadFrom } from './loadFrom.ts';

const hash = `$2b$04$${'a'.repeat(53)}`;
const rules = '  rules: [{users: [alice], repositories: [a]}]\n';
const certificates = `tls:
  certificateFile: ${certificatePath('first.crt')}
  keyFile: ${certificatePath('first.key')}
  clientCaFile: ${certificatePath('second.crt')}
`;

/** The warnings of a configuration that has TLS, less those of files. */
async function warningsOf(t: Lifetime, text: string): Promise<readonly string[]> {
  const { warnings } = loadFrom({ file: await fileWith(t, text) });
  const own = warnings.filter(({ key }) => /^access\.(?:groups|rules)/.test(key));
  return own.map(({ key, message, advice }) => `${key}: ${message}; ${advice}`);
}

async function usersFile(t: Lifetime, ...users: readonly string[]): Promise<string> {
  const path = await fileWith(t, users.map((user) => `${user}:${hash}\n`).join(''));
  return `  htpasswdFile: ${path}\n`;
}

describe('rules and groups', () => {
  const nobody =
    'there are no users that they could be for; set access.htpasswdFile or tls.clientCaFile';
  const groups = '  groups: [{name: devs, users: [alice]}]\n';

  test('are warned of where there are no users', async (t) => {
    const verify = '  upstreamCredentials: verify\n';
    assert.deepEqual(await warningsOf(t, `access:\n${verify}${groups}${rules}`), [
      `access.groups: ${nobody}`,
      `access.rules: ${nobody}`,
    ]);
  });

  test('are not warned of where users have passwords, or certificates', async (t) => {
    const access = `access:\n  private: users\n${groups}${rules}`;
    assert.deepEqual(await warningsOf(t, access + (await usersFile(t, 'alice'))), []);
    assert.deepEqual(await warningsOf(t, access + certificates), []);
  });
});

describe('rules that decide nothing, for all is open or closed to all,', () => {
  const expected =
    'access.rules: no rule decides anything, for what is public is served to everybody and private repositories are for users nowhere; set access.private to users, or access.anonymous to false';

  for (const mode of ['deny', 'allow']) {
    test(`are warned of where private repositories are under ${mode}`, async (t) => {
      const text = `access:\n  private: ${mode}\n${rules}${await usersFile(t, 'alice')}`;
      assert.deepEqual(await warningsOf(t, text), [expected]);
    });
  }

  for (const [what, setting] of [
    ['everybody has to log in', 'anonymous: false'],
    ['private repositories are for users', 'private: users'],
    ['some of them are', 'namespaces: [{repositories: [a], private: users}]'],
  ]) {
    test(`are none where ${what}`, async (t) => {
      const text = `access:\n  ${setting}\n${rules}${await usersFile(t, 'alice')}`;
      assert.deepEqual(await warningsOf(t, text), []);
    });
  }
});

describe('users who are not in the htpasswd file', () => {
  const access = `access:
  private: users
  groups: [{name: devs, users: [alice, bbo]}]
  rules: [{users: ["*", carl, bbo], groups: [devs], repositories: [a]}, {users: [carl], repositories: [b]}]
`;

  test('are warned of, each where it is named first', async (t) => {
    assert.deepEqual(await warningsOf(t, access + (await usersFile(t, 'alice', 'bob'))), [
      'access.groups[0].users[1]: "bbo" is no user of access.htpasswdFile; correct the name, or add the user to the file',
      'access.rules[0].users[1]: "carl" is no user of access.htpasswdFile; correct the name, or add the user to the file',
    ]);
  });

  test('are not warned of where certificates may have their names', async (t) => {
    const text = access + (await usersFile(t, 'alice')) + certificates;
    assert.deepEqual(await warningsOf(t, text), []);
  });
});
