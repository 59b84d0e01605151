import assert from 'node:assert/strict';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openAccount } from '../../src/cli/openAccount.ts';
import { accountNames } from '../../src/cli/openUpstreams.ts';
import type { Account } from '../../src/upstream/account.ts';
import { fileWith, loadFrom } from '../config/loadFrom.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { recordingObserver } from '../upstream/recordingObserver.ts';

const secret = markedSecret('hunter2');

/** What a configuration makes of the accounts of docker.io. */
function openAll(upstreams: unknown, environment: NodeJS.ProcessEnv = {}) {
  const given = { PULLTHROUGH_UPSTREAMS: JSON.stringify(upstreams), ...environment };
  const { configuration } = loadFrom({ environment: given });
  const [upstream] = configuration.upstreams;
  assert.ok(upstream !== undefined);
  const observer = recordingObserver();
  const surroundings = { environment: { PATH: process.env['PATH'] }, observer, now: () => 0 };
  const accounts = upstream.accounts.map((one) => openAccount(upstream.host, one, surroundings));
  return { accounts, observer, names: accountNames(upstream, configuration) };
}

function openOne(account: object, environment: NodeJS.ProcessEnv = {}) {
  const opened = openAll([{ host: 'docker.io', accounts: [account] }], environment);
  const [only] = opened.accounts;
  assert.ok(only !== undefined);
  return { ...opened, account: only };
}

async function loginOf(account: Account): Promise<string> {
  const { username, secret: held } = await account.credential();
  return `${username}:${held}`;
}

async function programThatPrints(t: Lifetime, text: string): Promise<string> {
  const path = join(await temporaryDirectory(t), 'program');
  await writeFile(path, `#!/bin/sh\necho '${text}'\n`);
  await chmod(path, 0o755);
  return path;
}

describe('an account', () => {
  test('logs in with its token', async () => {
    const { account } = openOne({ username: 'acme', token: secret });
    assert.equal(await loginOf(account), `acme:${secret}`);
  });

  test('logs in with what its token file holds now, and with its last content when that is gone', async (t) => {
    const tokenFile = await fileWith(t, 'before\n');
    const { account, observer } = openOne({ username: 'acme', tokenFile });
    await writeFile(tokenFile, `${secret}\n`);
    assert.equal(await loginOf(account), `acme:${secret}`);
    await rm(tokenFile);
    assert.equal(await loginOf(account), `acme:${secret}`);
    assert.deepEqual(observer.of('credential'), [
      `credential docker.io acme ${tokenFile} cannot be read: ENOENT`,
    ]);
  });

  test('whose token file went away since the configuration was read logs in with what it held', async (t) => {
    const tokenFile = await fileWith(t, `${secret}\n`);
    const { account } = openOne({ username: 'acme', tokenFile });
    await rm(tokenFile);
    assert.equal(await loginOf(account), `acme:${secret}`);
  });

  test('of the environment logs in with what DOCKERHUB_TOKEN_FILE holds now', async (t) => {
    const file = await fileWith(t, 'before');
    const environment = { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN_FILE: file };
    const { accounts } = openAll([{ host: 'docker.io' }], environment);
    await writeFile(file, secret);
    assert.deepEqual(await Promise.all(accounts.map(loginOf)), [`acme:${secret}`]);
  });

  test('logs in with what its command prints', async (t) => {
    const program = await programThatPrints(t, secret);
    const { account } = openOne({ username: 'acme', tokenCommand: [program, 'an argument'] });
    assert.equal(await loginOf(account), `acme:${secret}`);
  });

  test('logs in as Docker’s configuration says, and needs no name for that', async (t) => {
    const auth = Buffer.from(`mona:${secret}`).toString('base64');
    const auths = { 'https://index.docker.io/v1/': { auth } };
    const dockerConfig = await fileWith(t, JSON.stringify({ auths }));
    const { account, names } = openOne({ dockerConfig });
    assert.equal(await loginOf(account), `mona:${secret}`);
    assert.deepEqual([account.name, names[0]], ['docker-config', 'docker-config']);
  });

  test('is for the repositories that it is configured for', () => {
    const { account } = openOne({ username: 'acme', token: secret, repositories: ['acme/*'] });
    assert.deepEqual(account.repositories?.map(String), ['acme/*']);
    assert.equal(openOne({ username: 'acme', token: secret }).account.repositories, undefined);
  });
});

describe('the names under which an upstream is asked', () => {
  const account = { username: 'acme', token: secret };
  const allow = { PULLTHROUGH_ACCESS_PRIVATE: 'allow' };
  const cases: readonly (readonly [string, object, NodeJS.ProcessEnv, readonly string[]])[] = [
    ['without accounts', {}, allow, ['anonymous']],
    ['with an account for all', { accounts: [account] }, allow, ['acme']],
    ['to tell what is private', { accounts: [account] }, {}, ['acme', 'anonymous']],
    [
      'with a fallback',
      { accounts: [account], anonymousFallback: true },
      allow,
      ['acme', 'anonymous'],
    ],
    [
      'with an account for some',
      { accounts: [{ ...account, repositories: ['a/*'] }] },
      allow,
      ['acme', 'anonymous'],
    ],
  ];
  for (const [what, upstream, environment, names] of cases) {
    test(`${what}: ${names.join(', ')}`, () => {
      assert.deepEqual(openAll([{ host: 'docker.io', ...upstream }], environment).names, names);
    });
  }
});
