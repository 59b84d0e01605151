import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileWith, loadFrom, token } from './loadFrom.ts';

test('what is in force is told in the file’s form, with the source of each setting', async (t) => {
  const file = await fileWith(
    t,
    'storage:\n  maxSize: 107374182400\nupstreams:\n  - host: GHCR.io\n    trustedHosts: [A.b]\n',
  );
  const { effective } = loadFrom({
    file,
    environment: {
      PULLTHROUGH_SHUTDOWN_TIMEOUT: '90s',
      DOCKERHUB_USERNAME: 'acme',
      DOCKERHUB_TOKEN: token,
    },
    flags: [{ path: ['listen'], value: ':5000', source: '--listen' }],
  });
  const told = effective.filter(({ source }) => source !== 'default');
  assert.deepEqual(told, [
    { key: 'listen', value: ':5000', source: '--listen' },
    { key: 'storage.maxSize', value: '100GiB', source: `${file}:2:12` },
    { key: 'upstreams[0].host', value: 'ghcr.io', source: `${file}:4:11` },
    { key: 'upstreams[0].trustedHosts', value: ['a.b'], source: `${file}:5:19` },
    {
      key: 'upstreams[1].accounts[0].username',
      value: 'acme',
      source: 'DOCKERHUB_USERNAME',
    },
    { key: 'upstreams[1].accounts[0].token', value: '[secret]', source: 'DOCKERHUB_TOKEN' },
    { key: 'shutdownTimeout', value: '90s', source: 'PULLTHROUGH_SHUTDOWN_TIMEOUT' },
  ]);
});

test('what was left to the defaults is told too, addresses that depend on the host included', async (t) => {
  const { effective } = loadFrom({ file: await fileWith(t, 'upstreams: [{host: ghcr.io}]\n') });
  const url = effective.find(({ key }) => key === 'upstreams[0].url');
  assert.deepEqual(url, { key: 'upstreams[0].url', value: 'https://ghcr.io', source: 'default' });
  const maxSize = effective.find(({ key }) => key === 'storage.maxSize');
  assert.deepEqual(maxSize, { key: 'storage.maxSize', value: '0', source: 'default' });
});

test('a token file is told by its path', async (t) => {
  const tokenFile = await fileWith(t, `${token}\n`);
  const environment = { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN_FILE: tokenFile };
  const { effective } = loadFrom({ environment });
  assert.deepEqual(
    effective.find(({ key }) => key.endsWith('tokenFile')),
    {
      key: 'upstreams[0].accounts[0].tokenFile',
      value: tokenFile,
      source: 'DOCKERHUB_TOKEN_FILE',
    },
  );
});

test('the arguments of a token command are told as secrets, and patterns as they were written', () => {
  const account = {
    username: 'acme',
    tokenCommand: ['vault', `-token=${token}`],
    repositories: ['acme/**'],
  };
  const upstream = { host: 'docker.io', accounts: [account], essential: ['library/*'] };
  const environment = { PULLTHROUGH_UPSTREAMS: JSON.stringify([upstream]) };
  const { effective } = loadFrom({ environment });
  const told = new Map(effective.map(({ key, value }) => [key, value]));
  assert.deepEqual(told.get('upstreams[0].accounts[0].tokenCommand'), ['vault', '[secret]']);
  assert.deepEqual(told.get('upstreams[0].accounts[0].repositories'), ['acme/**']);
  assert.deepEqual(told.get('upstreams[0].essential'), ['library/*']);
});
