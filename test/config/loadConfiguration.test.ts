import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { fileWith, loadFrom, problemsFrom } from './loadFrom.ts';

test('without any source, the defaults are in force', () => {
  const { configuration, file } = loadFrom({});
  assert.equal(file, undefined);
  assert.deepEqual(configuration, {
    listen: { host: '0.0.0.0', port: 5000 },
    tls: {},
    ops: { listen: { host: '0.0.0.0', port: 5001 }, tls: {} },
    storage: {
      directory: './data',
      maxSize: undefined,
      minFree: 2_147_483_648,
      highWater: 0.95,
      lowWater: 0.9,
      maxIdle: undefined,
      pin: [],
      scrubInterval: 604_800_000,
      scrubRate: 16_777_216,
      memory: 67_108_864,
    },
    offline: false,
    defaultUpstream: 'docker.io',
    upstreams: [
      {
        host: 'docker.io',
        url: 'https://registry-1.docker.io',
        accounts: [],
        anonymousFallback: false,
        reserve: 0,
        essential: [],
        quotaProbe: 0,
        tagFreshness: 60_000,
        tagRules: [],
        staleIfError: 604_800_000,
        absentFreshness: 10_000,
        trustedHosts: [],
        deny: [],
      },
    ],
    warm: [],
    access: {
      anonymous: true,
      private: 'deny',
      namespaces: [],
      visibilityFreshness: 3_600_000,
      groups: [],
      rules: [],
      upstreamCredentials: 'ignore',
      logInHosts: [],
      clients: [],
      trustedProxies: [],
      limits: { requestsPerSecond: 0, streams: 0, wait: 10_000 },
    },
    metrics: { exporterNames: false },
    log: { level: 'info', format: 'auto' },
    shutdownTimeout: 30_000,
  });
});

describe('precedence', () => {
  const flags = [{ path: ['listen'], value: 'flag:4', source: '--listen' }];
  const environment = { PULLTHROUGH_LISTEN: 'environment:3' };

  test('the file beats the defaults', async (t) => {
    const file = await fileWith(t, 'listen: file:2\n');
    assert.equal(loadFrom({ file }).configuration.listen.host, 'file');
  });

  test('the environment beats the file', async (t) => {
    const file = await fileWith(t, 'listen: file:2\n');
    assert.equal(loadFrom({ file, environment }).configuration.listen.host, 'environment');
  });

  test('flags beat the environment', async (t) => {
    const file = await fileWith(t, 'listen: file:2\n');
    assert.equal(loadFrom({ file, environment, flags }).configuration.listen.host, 'flag');
  });

  test('one setting of a section leaves its siblings as the file has them', async (t) => {
    const file = await fileWith(t, 'storage:\n  directory: /srv\n  maxSize: 1GB\n');
    const { storage } = loadFrom({
      file,
      environment: { PULLTHROUGH_STORAGE_MAX_SIZE: '2GB' },
    }).configuration;
    assert.equal(storage.directory, '/srv');
    assert.equal(storage.maxSize, 2_000_000_000);
  });
});

describe('the file', () => {
  test('is config/pullthrough.yaml where nothing names another', async (t) => {
    const directory = await temporaryDirectory(t);
    await mkdir(join(directory, 'config'));
    await writeFile(join(directory, 'config', 'pullthrough.yaml'), 'offline: true\n');
    assert.equal(loadFrom({ directory }).configuration.offline, true);
  });

  test('is the one that PULLTHROUGH_CONFIG names', async (t) => {
    const PULLTHROUGH_CONFIG = await fileWith(t, 'offline: true\n');
    const { configuration, file } = loadFrom({ environment: { PULLTHROUGH_CONFIG } });
    assert.equal(configuration.offline, true);
    assert.equal(file, PULLTHROUGH_CONFIG);
  });

  test('is the one of --config before that of PULLTHROUGH_CONFIG', async (t) => {
    const file = await fileWith(t, 'offline: true\n');
    const environment = { PULLTHROUGH_CONFIG: '/nonexistent/other.yaml' };
    assert.equal(loadFrom({ file, environment }).configuration.offline, true);
  });

  test('has to exist where it is named', () => {
    assert.deepEqual(problemsFrom({ file: '/nonexistent/f.yaml' }), [
      '--config: expected a file that can be read: no such file, got "/nonexistent/f.yaml"',
    ]);
    assert.deepEqual(problemsFrom({ environment: { PULLTHROUGH_CONFIG: '/' } }), [
      'PULLTHROUGH_CONFIG: expected a file that can be read: it is a directory, got "/"',
    ]);
  });

  test('may be empty', async (t) => {
    assert.equal(loadFrom({ file: await fileWith(t, '# nothing\n') }).configuration.offline, false);
  });

  test('may have headings with nothing below them', async (t) => {
    const file = await fileWith(
      t,
      'storage:\nupstreams:\n  - host: ghcr.io\n    accounts:\nlog:\n',
    );
    const { storage, upstreams } = loadFrom({ file }).configuration;
    assert.equal(storage.directory, './data');
    assert.deepEqual(upstreams[0]?.accounts, []);
  });

  test('takes settings of the environment below a heading with nothing below it', async (t) => {
    const file = await fileWith(t, 'storage:\n');
    const environment = { PULLTHROUGH_STORAGE_DIRECTORY: '/srv' };
    assert.equal(loadFrom({ file, environment }).configuration.storage.directory, '/srv');
  });

  test('that is no YAML is reported with its position, beside the environment’s problems', async (t) => {
    const file = await fileWith(t, 'listen: a:1\nlisten: b:1\n');
    const environment = { PULLTHROUGH_OFFLIN: 'true' };
    assert.deepEqual(problemsFrom({ file, environment }), [
      `${file}:2:1: expected YAML: Map keys must be unique`,
      'PULLTHROUGH_OFFLIN: no setting has this variable; did you mean PULLTHROUGH_OFFLINE?',
    ]);
  });
});

test('accounts and rules for tags are read with their durations and patterns', async (t) => {
  const file = await fileWith(
    t,
    `upstreams:
  - host: docker.io
    accounts:
      - {username: acme, tokenCommand: [pass, show, hub], tokenLife: 10m, repositories: ["acme/*"]}
    reserve: 10
    quotaProbe: 5m
    tagRules:
      - {tags: ["latest", "v?"], repositories: ["library/*"], freshness: 30s}
`,
  );
  const [upstream] = loadFrom({ file }).configuration.upstreams;
  const [account] = upstream?.accounts ?? [];
  assert.equal(account?.tokenLife, 600_000);
  assert.equal(account.tokenCommand?.program, 'pass');
  assert.deepEqual(
    account.tokenCommand.arguments.map((argument) => argument.reveal()),
    ['show', 'hub'],
  );
  assert.ok(account.repositories?.[0]?.matches('acme/app'));
  assert.deepEqual([upstream?.reserve, upstream?.quotaProbe], [10, 300_000]);
  const [rule] = upstream?.tagRules ?? [];
  assert.deepEqual(rule?.tags.map(String), ['latest', 'v?']);
  assert.deepEqual([rule?.repositories?.map(String), rule?.freshness], [['library/*'], 30_000]);
});

describe('upstreams', () => {
  test('docker.io is one of them, listed or not', async (t) => {
    const file = await fileWith(t, 'upstreams:\n  - host: ghcr.io\n');
    const { upstreams } = loadFrom({ file }).configuration;
    assert.deepEqual(
      upstreams.map(({ host, url }) => [host, url]),
      [
        ['ghcr.io', 'https://ghcr.io'],
        ['docker.io', 'https://registry-1.docker.io'],
      ],
    );
  });

  test('docker.io as it is listed is not added again', async (t) => {
    const file = await fileWith(t, 'upstreams:\n  - host: Docker.io\n    tagFreshness: 0\n');
    const { upstreams } = loadFrom({ file }).configuration;
    assert.equal(upstreams.length, 1);
    assert.equal(upstreams[0]?.host, 'docker.io');
    assert.equal(upstreams[0].tagFreshness, 0);
  });

  test('a size of 0 for the cache is no bound', async (t) => {
    const file = await fileWith(t, 'storage:\n  maxSize: 0\n');
    assert.equal(loadFrom({ file }).configuration.storage.maxSize, undefined);
  });

  test('an upstream other than docker.io can be the default one', async (t) => {
    const file = await fileWith(t, 'defaultUpstream: ghcr.io\nupstreams:\n  - host: GHCR.io\n');
    assert.equal(loadFrom({ file }).configuration.defaultUpstream, 'ghcr.io');
  });
});
