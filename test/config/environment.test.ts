import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileWith, loadFrom, problemsFrom, token } from './loadFrom.ts';
import { certificatePath } from '../support/certificates.ts';

describe('the environment', () => {
  test('sets every setting that does not lie within a list', () => {
    const { configuration } = loadFrom({
      environment: {
        PULLTHROUGH_LISTEN: ':1',
        PULLTHROUGH_TLS_CERTIFICATE_FILE: certificatePath('first.crt'),
        PULLTHROUGH_TLS_KEY_FILE: certificatePath('first.key'),
        PULLTHROUGH_TLS_CLIENT_CA_FILE: certificatePath('second.crt'),
        PULLTHROUGH_ACCEL_REDIRECT: '/blobs',
        PULLTHROUGH_OPS_LISTEN: ':2',
        PULLTHROUGH_OPS_TLS_CERTIFICATE_FILE: certificatePath('second.crt'),
        PULLTHROUGH_OPS_TLS_KEY_FILE: certificatePath('second.key'),
        PULLTHROUGH_STORAGE_DIRECTORY: '/srv',
        PULLTHROUGH_STORAGE_MAX_SIZE: '3B',
        PULLTHROUGH_STORAGE_MIN_FREE: '4',
        PULLTHROUGH_STORAGE_HIGH_WATER: '60%',
        PULLTHROUGH_STORAGE_LOW_WATER: '50%',
        PULLTHROUGH_STORAGE_MAX_IDLE: '7ms',
        PULLTHROUGH_STORAGE_PIN: '[alpine]',
        PULLTHROUGH_STORAGE_SCRUB_INTERVAL: '8ms',
        PULLTHROUGH_STORAGE_SCRUB_RATE: '9',
        PULLTHROUGH_STORAGE_MEMORY: '5KiB',
        PULLTHROUGH_OFFLINE: 'true',
        PULLTHROUGH_DEFAULT_UPSTREAM: 'quay.io',
        PULLTHROUGH_UPSTREAMS: '- host: quay.io\n  tagFreshness: 6s\n',
        PULLTHROUGH_WARM: '[]',
        PULLTHROUGH_ACCESS_ANONYMOUS: 'false',
        PULLTHROUGH_ACCESS_PRIVATE: 'users',
        PULLTHROUGH_ACCESS_NAMESPACES: '[]',
        PULLTHROUGH_ACCESS_VISIBILITY_FRESHNESS: '10ms',
        PULLTHROUGH_ACCESS_HTPASSWD_FILE: '/dev/null',
        PULLTHROUGH_ACCESS_GROUPS: '[{name: devs, users: [alice]}]',
        PULLTHROUGH_ACCESS_RULES: '[]',
        PULLTHROUGH_ACCESS_UPSTREAM_CREDENTIALS: 'verify',
        PULLTHROUGH_ACCESS_LOG_IN_HOSTS: '["Login.example:5000"]',
        PULLTHROUGH_ACCESS_CLIENTS: '[10.0.0.0/8, 192.0.2.7, "2001:DB8::/32", "::1"]',
        PULLTHROUGH_ACCESS_TRUSTED_PROXIES: '[10.1.0.0/16]',
        PULLTHROUGH_ACCESS_LIMITS_REQUESTS_PER_SECOND: '11',
        PULLTHROUGH_ACCESS_LIMITS_STREAMS: '12',
        PULLTHROUGH_ACCESS_LIMITS_WAIT: '13ms',
        PULLTHROUGH_METRICS_EXPORTER_NAMES: 'true',
        PULLTHROUGH_LOG_LEVEL: 'trace',
        PULLTHROUGH_LOG_FORMAT: 'json',
        PULLTHROUGH_SHUTDOWN_TIMEOUT: '0',
      },
    });
    const { upstreams, ...others } = configuration;
    assert.deepEqual(others, {
      listen: { host: '::', port: 1 },
      tls: {
        certificateFile: certificatePath('first.crt'),
        keyFile: certificatePath('first.key'),
        clientCaFile: certificatePath('second.crt'),
      },
      accelRedirect: '/blobs',
      ops: {
        listen: { host: '::', port: 2 },
        tls: {
          certificateFile: certificatePath('second.crt'),
          keyFile: certificatePath('second.key'),
        },
      },
      storage: {
        directory: '/srv',
        maxSize: 3,
        minFree: 4,
        highWater: 0.6,
        lowWater: 0.5,
        maxIdle: 7,
        pin: ['alpine'],
        scrubInterval: 8,
        scrubRate: 9,
        memory: 5120,
      },
      offline: true,
      defaultUpstream: 'quay.io',
      warm: [],
      access: {
        anonymous: false,
        private: 'users',
        namespaces: [],
        visibilityFreshness: 10,
        htpasswdFile: '/dev/null',
        groups: [{ name: 'devs', users: ['alice'] }],
        rules: [],
        upstreamCredentials: 'verify',
        logInHosts: ['login.example:5000'],
        clients: ['10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32', '::1/128'],
        trustedProxies: ['10.1.0.0/16'],
        limits: { requestsPerSecond: 11, streams: 12, wait: 13 },
      },
      metrics: { exporterNames: true },
      log: { level: 'trace', format: 'json' },
      shutdownTimeout: 0,
    });
    assert.equal(upstreams[0]?.host, 'quay.io');
    assert.equal(upstreams[0].tagFreshness, 6000);
  });

  test('takes an empty variable for an unset one', () => {
    assert.equal(
      loadFrom({ environment: { PULLTHROUGH_LISTEN: '' } }).configuration.listen.port,
      5000,
    );
  });

  test('takes no other truth than true and false', () => {
    assert.deepEqual(problemsFrom({ environment: { PULLTHROUGH_OFFLINE: '1' } }), [
      'PULLTHROUGH_OFFLINE: offline: expected true or false, got "1"',
    ]);
    const environment = { PULLTHROUGH_OFFLINE: 'false' };
    assert.equal(loadFrom({ environment }).configuration.offline, false);
  });

  test('may give the upstreams as JSON', () => {
    const environment = { PULLTHROUGH_UPSTREAMS: '[{"host":"quay.io","trustedHosts":["a.b:1"]}]' };
    const { upstreams } = loadFrom({ environment }).configuration;
    assert.deepEqual(upstreams[0]?.trustedHosts, ['a.b:1']);
  });

  // What is wrong may be a secret, which is not for the title of a test either.
  for (const [what, variable, key, text, example] of [
    ['a range', 'ACCESS_CLIENTS', 'access.clients', '10.0.0.0/8', ', such as ["10.0.0.0/8"]'],
    [
      'addresses',
      'ACCESS_CLIENTS',
      'access.clients',
      '10.0.0.1, ::1',
      ', such as ["10.0.0.1","::1"]',
    ],
    ['a host', 'ACCESS_LOG_IN_HOSTS', 'access.logInHosts', 'a.b:5000', ', such as ["a.b:5000"]'],
    ['a pattern', 'STORAGE_PIN', 'storage.pin', 'acme/*', ', such as ["acme/*"]'],
    ['credentials', 'STORAGE_PIN', 'storage.pin', `me:${token}@registry`, ''],
    ['an image', 'WARM', 'warm', 'alpine', ''],
    ['a token', 'UPSTREAMS', 'upstreams', token, ''],
  ] as const) {
    test(`says that a list is YAML or JSON where ${variable} has ${what}`, () => {
      assert.deepEqual(problemsFrom({ environment: { [`PULLTHROUGH_${variable}`]: text } }), [
        `PULLTHROUGH_${variable}: ${key}: expected a list as YAML or JSON${example}, got a single value`,
      ]);
    });
  }

  test('replaces the file’s upstreams as a whole', async (t) => {
    const file = await fileWith(t, 'upstreams:\n  - host: ghcr.io\n  - host: gcr.io\n');
    const environment = { PULLTHROUGH_UPSTREAMS: '- host: quay.io\n' };
    const { upstreams } = loadFrom({ file, environment }).configuration;
    assert.deepEqual(
      upstreams.map(({ host }) => host),
      ['quay.io', 'docker.io'],
    );
  });

  test('may name a file with the upstreams, since they hold secrets', async (t) => {
    const PULLTHROUGH_UPSTREAMS_FILE = await fileWith(t, '- host: quay.io\n');
    const { upstreams } = loadFrom({ environment: { PULLTHROUGH_UPSTREAMS_FILE } }).configuration;
    assert.equal(upstreams[0]?.host, 'quay.io');
  });

  test('may not give the upstreams in both ways', () => {
    const environment = { PULLTHROUGH_UPSTREAMS: '[]', PULLTHROUGH_UPSTREAMS_FILE: '/x' };
    assert.deepEqual(problemsFrom({ environment }), [
      'PULLTHROUGH_UPSTREAMS: upstreams: expected either PULLTHROUGH_UPSTREAMS or PULLTHROUGH_UPSTREAMS_FILE, not both',
    ]);
  });

  test('names the file of upstreams that can’t be read', () => {
    assert.deepEqual(
      problemsFrom({ environment: { PULLTHROUGH_UPSTREAMS_FILE: '/nonexistent' } }),
      [
        'PULLTHROUGH_UPSTREAMS_FILE: upstreams: expected a file that can be read: no such file, got "/nonexistent"',
      ],
    );
  });

  test('names the place in upstreams that are no YAML', () => {
    assert.deepEqual(problemsFrom({ environment: { PULLTHROUGH_UPSTREAMS: '[{' } }).slice(0, 1), [
      'PULLTHROUGH_UPSTREAMS:1:3: upstreams: expected YAML: Flow map in block collection must be sufficiently indented and end with a }',
    ]);
  });
});

describe('a variable that no setting has', () => {
  const unknown: Readonly<Record<string, string>> = {
    PULLTHROUGH_STORAGE_MAXSIZE: '; did you mean PULLTHROUGH_STORAGE_MAX_SIZE?',
    PULLTHROUGH_LISTN: '; did you mean PULLTHROUGH_LISTEN?',
    PULLTHROUGH_CONFG: '; did you mean PULLTHROUGH_CONFIG?',
    PULLTHROUGH_LISTEN_FILE: '',
    PULLTHROUGH_COLOUR: '',
    PULLTHROUGH_LISTEN_PORT: '',
  };
  for (const [name, suggestion] of Object.entries(unknown)) {
    test(`is a problem: ${name}`, () => {
      assert.deepEqual(problemsFrom({ environment: { [name]: 'hunter2' } }), [
        `${name}: no setting has this variable${suggestion}`,
      ]);
    });
  }

  test('is none of our business without our prefix', () => {
    assert.deepEqual(problemsFrom({ environment: { PULLTHROUGHOUT: '1', PATH: '/bin' } }), []);
  });

  const links: Readonly<Record<string, string>> = {
    PULLTHROUGH_SERVICE_HOST: '10.0.0.1',
    PULLTHROUGH_SERVICE_PORT: '5000',
    PULLTHROUGH_SERVICE_PORT_REGISTRY: '5000',
    PULLTHROUGH_PORT: 'tcp://10.0.0.1:5000',
    PULLTHROUGH_PORT_5000_TCP: 'tcp://10.0.0.1:5000',
    PULLTHROUGH_PORT_5000_TCP_PROTO: 'tcp',
    PULLTHROUGH_PORT_5000_TCP_PORT: '5000',
    PULLTHROUGH_PORT_5000_TCP_ADDR: '10.0.0.1',
    PULLTHROUGH_OPS_SERVICE_HOST: '10.0.0.2',
    PULLTHROUGH_OPS_PORT: 'tcp://10.0.0.2:5001',
  };
  for (const [name, value] of Object.entries(links)) {
    test(`is let be where the kubelet put it: ${name}`, () => {
      assert.deepEqual(problemsFrom({ environment: { [name]: value } }), []);
    });
  }
});
