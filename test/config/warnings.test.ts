import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { certificatePath } from '../support/certificates.ts';
import { fileWith, loadFrom } from './loadFrom.ts';

type Environment = Readonly<Record<string, string>>;

/** The settings that a configuration warns of. The certificate's key of these tests anybody may read. */
function warnedKeys(environment: Environment): readonly string[] {
  const { warnings } = loadFrom({ environment });
  for (const { message, advice } of warnings)
    assert.match(`${message} ${advice}`, /^[^.]\S+ .+[^.]$/);
  return warnings.map(({ key }) => key).filter((key) => !/^(?:ops\.)?tls\./.test(key));
}

/** Settings by the end of their names in the environment. */
function settings(values: Environment): Environment {
  const named = Object.entries(values).map(([name, value]) => [`PULLTHROUGH_${name}`, value]);
  return Object.fromEntries(named) as Environment;
}

const tls = settings({
  TLS_CERTIFICATE_FILE: certificatePath('first.crt'),
  TLS_KEY_FILE: certificatePath('first.key'),
});
const opsTls = settings({
  OPS_TLS_CERTIFICATE_FILE: certificatePath('first.crt'),
  OPS_TLS_KEY_FILE: certificatePath('first.key'),
});
const loopback = settings({ LISTEN: '127.0.0.1:5000' });
const someClients = settings({ ACCESS_CLIENTS: '[10.0.0.0/8]' });
const proxy = settings({ ACCESS_TRUSTED_PROXIES: '[10.0.0.1]' });
const users = settings({ ACCESS_HTPASSWD_FILE: '/dev/null' });

test('nothing is warned of with the defaults, nor where all is closed', () => {
  assert.deepEqual(warnedKeys({}), []);
  const rules = settings({ ACCESS_RULES: '[{users: ["*"], repositories: ["**"]}]' });
  const closed = settings({ ACCESS_PRIVATE: 'users', ACCESS_ANONYMOUS: 'false', OPS_TOKEN: 'x' });
  assert.deepEqual(warnedKeys({ ...closed, ...users, ...rules, ...tls, ...opsTls }), []);
});

describe('private repositories that everybody is served', () => {
  const allow = settings({ ACCESS_PRIVATE: 'allow' });

  test('are warned of, with the address where that is', () => {
    assert.deepEqual(loadFrom({ environment: allow }).warnings, [
      {
        key: 'access.private',
        message: 'everybody who can reach 0.0.0.0:5000 is served what is private upstream',
        advice: 'set it to users, or name the ranges that may ask in access.clients',
      },
    ]);
  });

  test('are warned of in namespaces', () => {
    const open = '{repositories: [a], private: allow}';
    const namespaces = `[{repositories: [b], private: deny}, ${open}, ${open}]`;
    const keys = ['access.namespaces[1].private', 'access.namespaces[2].private'];
    assert.deepEqual(warnedKeys(settings({ ACCESS_NAMESPACES: namespaces })), keys);
  });

  test('are warned of where they are public by the operator’s word', () => {
    const namespaces =
      '[{repositories: [a], visibility: private}, {repositories: [b], visibility: public}]';
    const open = settings({ ACCESS_NAMESPACES: namespaces });
    assert.deepEqual(warnedKeys(open), ['access.namespaces[1].visibility']);
    assert.deepEqual(warnedKeys({ ...open, ...someClients }), []);
    assert.deepEqual(warnedKeys({ ...open, ...loopback }), []);
  });

  for (const ranges of ['[0.0.0.0/0, "::/0"]', '[10.0.0.0/8, 0.0.0.0/0]', '["::/0"]']) {
    test(`are warned of though they are for ranges of addresses, which hold all: ${ranges}`, () => {
      const clients = settings({ ACCESS_CLIENTS: ranges });
      assert.deepEqual(warnedKeys({ ...allow, ...clients }), ['access.private']);
    });
  }

  for (const [where, bound] of [
    ['on the same machine alone', loopback],
    ['to some ranges of addresses', someClients],
    ['after logging in', { ...users, ...tls, ...settings({ ACCESS_ANONYMOUS: 'false' }) }],
  ] as const) {
    test(`are not warned of when they are served ${where}`, () => {
      assert.deepEqual(warnedKeys({ ...allow, ...bound }), []);
    });
  }
});

describe('private repositories for users', () => {
  const forUsers = { ...users, ...tls, ...settings({ ACCESS_PRIVATE: 'users' }) };
  const rule = (pull: boolean) =>
    settings({ ACCESS_RULES: `[{users: ["*"], repositories: [a], pull: ${pull}}]` });

  test('are warned of while no rule lets anybody pull', () => {
    assert.deepEqual(warnedKeys(forUsers), ['access.private']);
    assert.deepEqual(warnedKeys({ ...forUsers, ...rule(false) }), ['access.private']);
  });

  test('are not warned of when a rule does', () => {
    assert.deepEqual(warnedKeys({ ...forUsers, ...rule(true) }), []);
  });

  test('are warned of in namespaces', () => {
    const namespaces = settings({ ACCESS_NAMESPACES: '[{repositories: [a], private: users}]' });
    const key = 'access.namespaces[0].private';
    assert.deepEqual(warnedKeys({ ...users, ...tls, ...namespaces }), [key]);
  });
});

describe('credentials over plain HTTP', () => {
  const verify = settings({ ACCESS_UPSTREAM_CREDENTIALS: 'verify' });

  test('are warned of, passwords and those of an upstream', () => {
    assert.deepEqual(warnedKeys(users), ['access.htpasswdFile']);
    assert.deepEqual(warnedKeys(verify), ['access.upstreamCredentials']);
  });

  for (const [where, bound] of [
    ['over TLS', tls],
    ['on the same machine alone', loopback],
    ['from clients in some ranges, through a proxy', { ...proxy, ...someClients }],
  ] as const) {
    test(`are not warned of when they come ${where}`, () => {
      assert.deepEqual(warnedKeys({ ...users, ...verify, ...bound }), []);
    });
  }
});

test('passwords are warned of that may come past the proxy before an open port', () => {
  assert.deepEqual(warnedKeys({ ...users, ...proxy, ...tls }), []);
  assert.deepEqual(warnedKeys({ ...users, ...proxy, ...loopback }), []);
  const { warnings } = loadFrom({ environment: { ...users, ...proxy } });
  assert.deepEqual(warnings, [
    {
      key: 'access.htpasswdFile',
      message:
        'whoever reaches 0.0.0.0:5000 directly, past access.trustedProxies, sends a password in the clear',
      advice:
        'set tls.certificateFile and tls.keyFile or, with a proxy that speaks TLS on this machine, let listen be on 127.0.0.1',
    },
  ]);
});

test('a range of trusted proxies that holds every address is warned of', () => {
  const ranges = '[10.0.0.0/8, 0.0.0.0/0, "::/0", 10.0.0.0/10]';
  assert.deepEqual(warnedKeys(settings({ ACCESS_TRUSTED_PROXIES: ranges })), [
    'access.trustedProxies[1]',
    'access.trustedProxies[2]',
  ]);
});

describe('the token of the ops endpoints', () => {
  const token = settings({ OPS_TOKEN: 'x' });

  test('is warned of where it comes over plain HTTP', async (t) => {
    assert.deepEqual(warnedKeys(token), ['ops.token']);
    assert.deepEqual(warnedKeys({ ...token, ...tls }), ['ops.token']);
    const tokenFile = settings({ OPS_TOKEN_FILE: await fileWith(t, 'x') });
    assert.equal(warnedKeys(tokenFile)[0], 'ops.tokenFile');
  });

  test('is not warned of where it comes over TLS, or from the same machine', () => {
    assert.deepEqual(warnedKeys({ ...token, ...opsTls }), []);
    assert.deepEqual(warnedKeys({ ...token, ...settings({ OPS_LISTEN: '[::1]:5001' }) }), []);
  });
});
