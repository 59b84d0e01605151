import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileWith, loadFrom, problemsFrom } from './loadFrom.ts';

const pattern = 'a pattern such as acme/*, acme/** or v[0-9]*, without braces';
const range = 'an address or a range of them such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32';
const count = 'a whole number, 0 or more';
const name = 'a name without *';
const userless = 'expected access.htpasswdFile or tls.clientCaFile beside users';
const users = 'access:\n  htpasswdFile: /dev/null\n';
const groups = `${users}  groups: [{name: devs, users: [alice]}, {name: ops, users: []}]\n`;

/** A file's text, and its one problem without the file's name. */
const cases: readonly (readonly [string, string])[] = [
  ['access:\n  anonymous: no', '2:14: access.anonymous: expected true or false, got "no"'],
  [
    'access:\n  anonymous: false',
    '2:14: access.anonymous: expected true, or a way to log in: access.htpasswdFile, tls.clientCaFile or access.upstreamCredentials: verify, got false',
  ],
  ['access:\n  private: users', `2:12: access.private: ${userless}, got "users"`],
  [
    'access:\n  namespaces: [{repositories: [a], private: users}]',
    `2:45: access.namespaces[0].private: ${userless}, got "users"`,
  ],
  [
    'access:\n  namespaces: [{visibility: public}]',
    '2:16: access.namespaces[0].repositories: expected a list of at least one pattern, but it is missing',
  ],
  [
    'access:\n  namespaces: [{repositories: []}]',
    '2:31: access.namespaces[0].repositories: expected a list of at least one pattern, got an empty list',
  ],
  [
    'access:\n  namespaces: [{repositories: ["{a,b}"]}]',
    `2:32: access.namespaces[0].repositories[0]: expected ${pattern}, got "{a,b}"`,
  ],
  [
    'access:\n  namespaces: [{repositories: [a], visibility: open}]',
    '2:48: access.namespaces[0].visibility: expected one of upstream, public, private, got "open"',
  ],
  [
    'access:\n  namespaces: [{repositories: [a], upstream: ghcr.io}]',
    '2:46: access.namespaces[0].upstream: expected one of the upstreams: docker.io, got "ghcr.io"',
  ],
  ['access:\n  htpasswdFile: ""', '2:17: access.htpasswdFile: expected a path, got ""'],
  [
    `${users}  rules: [{users: [alice], repositories: [a], upstream: quay.io}]`,
    '3:57: access.rules[0].upstream: expected one of the upstreams: docker.io, got "quay.io"',
  ],
  [
    `${users}  rules: [{repositories: [a]}]`,
    '3:11: access.rules[0]: expected users or groups that the rule is for, got a mapping',
  ],
  [
    `${users}  rules: [{users: [], groups: [], repositories: [a]}]`,
    '3:11: access.rules[0]: expected users or groups that the rule is for, got a mapping',
  ],
  [
    `${users}  rules: [{users: ["team-*"], repositories: [a]}]`,
    '3:20: access.rules[0].users[0]: expected a user\'s name, or * for every user, got "team-*"',
  ],
  [
    `${users}  rules: [{users: [alice], repositories: [a], pull: maybe}]`,
    '3:53: access.rules[0].pull: expected true or false, got "maybe"',
  ],
  [
    `${users}  rules: [{groups: [devs], repositories: [a]}]`,
    '3:21: access.rules[0].groups[0]: expected the name of a group, but access.groups has none, got "devs"',
  ],
  [
    `${groups}  rules: [{groups: [devs, dvs], repositories: [a]}]`,
    '4:27: access.rules[0].groups[1]: expected one of access.groups: devs, ops (perhaps devs), got "dvs"',
  ],
  [
    `${groups}  rules: [{groups: [everybody], repositories: [a]}]`,
    '4:21: access.rules[0].groups[0]: expected one of access.groups: devs, ops, got "everybody"',
  ],
  [
    `${users}  groups: [{name: devs, users: [alice]}]\n  rules: [{groups: [dvs], repositories: [a]}]`,
    '4:21: access.rules[0].groups[0]: expected devs, the only one of access.groups, got "dvs"',
  ],
  [
    `${users}  groups: [{name: a, users: []}, {name: a, users: []}]`,
    '3:41: access.groups[1].name: expected a name that is not in the list already, got "a"',
  ],
  [
    `${users}  groups: [{name: a, users: ["*"]}]`,
    `3:30: access.groups[0].users[0]: expected ${name}, got "*"`,
  ],
  [
    `${users}  groups: [{name: " a", users: []}]`,
    `3:19: access.groups[0].name: expected ${name}, got " a"`,
  ],
  [
    'access:\n  upstreamCredentials: check',
    '2:24: access.upstreamCredentials: expected one of ignore, verify, got "check"',
  ],
  [
    `${users}  logInHosts: ["https://mirror"]`,
    '3:16: access.logInHosts[0]: expected a host or host:port, such as auth.example.com, got "https://mirror"',
  ],
  [
    'access:\n  logInHosts: [mirror.example]',
    '2:15: access.logInHosts: expected none, or passwords to log in with: access.htpasswdFile or access.upstreamCredentials: verify, got a list',
  ],
  [
    'access:\n  clients: [10.0.0.0/8, 10.0.0.0/33]',
    `2:25: access.clients[1]: expected ${range}, got "10.0.0.0/33"`,
  ],
  [
    'access:\n  trustedProxies: [localhost]',
    `2:20: access.trustedProxies[0]: expected ${range}, got "localhost"`,
  ],
  [
    'access:\n  limits: {requestsPerSecond: -1}',
    `2:31: access.limits.requestsPerSecond: expected ${count}, got -1`,
  ],
  [
    'access:\n  limits: {streams: many}',
    `2:21: access.limits.streams: expected ${count}, got "many"`,
  ],
  [
    'access:\n  limits: {wait: 16s}',
    '2:18: access.limits.wait: expected no more than 15s, or clients give up meanwhile, got "16s"',
  ],
  ['access:\n  user: []', '2:3: access.user: no such setting'],
  [
    'upstreams:\n  - host: ghcr.io\n    deny: [{repositories: [a]}]',
    '3:12: upstreams[0].deny[0].reason: expected a line of text that says why, but it is missing',
  ],
  [
    'upstreams:\n  - host: ghcr.io\n    deny: [{repositories: [a], reason: "a\\nb"}]',
    '3:40: upstreams[0].deny[0].reason: expected a line of text that says why, got "a\\nb"',
  ],
  [
    'upstreams:\n  - host: ghcr.io\n    allow: {repositories: [], reason: a}',
    '3:27: upstreams[0].allow.repositories: expected a list of at least one pattern, got an empty list',
  ],
  [
    'upstreams:\n  - host: ghcr.io\n    allow: ["acme/*"]',
    '3:12: upstreams[0].allow: expected a mapping of repositories, reason, got a list',
  ],
  ...(
    [
      ['docker.io/acme/*', 'acme/*', 'docker.io'],
      ['index.docker.io/acme/app', 'acme/app', 'docker.io'],
      ['Registry-1.docker.io/**', '**', 'docker.io'],
      ['docker.io', '**', 'docker.io'],
      ['ghcr.io/acme/**', 'acme/**', 'ghcr.io'],
    ] as const
  ).flatMap(([glob, meant, host]): (readonly [string, string])[] => {
    const expected = 'expected a pattern without the name of a registry:';
    return [
      [
        `upstreams: [{host: ghcr.io}]\naccess:\n  namespaces: [{repositories: [a, ${glob}]}]`,
        `3:35: access.namespaces[0].repositories[1]: ${expected} ${meant} and upstream: ${host} beside it, got "${glob}"`,
      ],
      [
        `upstreams: [{host: ghcr.io}]\n${users}  rules: [{users: [a], upstream: ${host}, repositories: [${glob}]}]`,
        `4:${51 + host.length}: access.rules[0].repositories[0]: ${expected} ${meant}, got "${glob}"`,
      ],
      [
        `upstreams:\n  - host: ${host}\n    deny: [{repositories: [${glob}], reason: a}]`,
        `3:28: upstreams[0].deny[0].repositories[0]: ${expected} ${meant}, got "${glob}"`,
      ],
      [
        `upstreams:\n  - host: ${host}\n    allow: {repositories: [${glob}], reason: a}`,
        `3:28: upstreams[0].allow.repositories[0]: ${expected} ${meant}, got "${glob}"`,
      ],
    ];
  }),
  [
    'upstreams:\n  - host: docker.io\n    essential: [docker.io/a]\n',
    '3:17: upstreams[0].essential[0]: expected a pattern without the name of a registry: a, got "docker.io/a"',
  ],
];

test('what mirrors other registries may have repositories that begin with their names', async (t) => {
  const file = await fileWith(
    t,
    `upstreams:
  - host: harbor.example
    deny: [{repositories: ["docker.io/library/*"], reason: a}]
access:
  namespaces: [{repositories: ["docker.io/acme/*"], upstream: harbor.example, visibility: private}]
`,
  );
  assert.deepEqual(problemsFrom({ file }), []);
});

describe('a problem with who may pull what tells place, value and what was expected', () => {
  for (const [text, problem] of cases) {
    test(problem, async (t) => {
      const file = await fileWith(t, text);
      assert.deepEqual(problemsFrom({ file }), [`${file}:${problem}`]);
    });
  }
});

test('all problems are reported at once, those of several settings too', async (t) => {
  const file = await fileWith(
    t,
    'access:\n  anonymous: false\n  private: users\n  rules:\n    - {groups: [a], repositories: [b], upstream: c.d}\n    - {repositories: [b]}\n  clients: [x]\n',
  );
  const places = problemsFrom({ file }).map((line) => line.replace(/: expected.*/, ''));
  assert.deepEqual(places, [
    `${file}:2:14: access.anonymous`,
    `${file}:3:12: access.private`,
    `${file}:5:17: access.rules[0].groups[0]`,
    `${file}:5:50: access.rules[0].upstream`,
    `${file}:6:7: access.rules[1]`,
    `${file}:7:13: access.clients[0]`,
  ]);
});

describe('whoever has to be a user can be one', () => {
  for (const text of [
    `${users}  anonymous: false\n  private: users`,
    'access: {anonymous: false, upstreamCredentials: verify}',
    'access: {upstreamCredentials: verify, logInHosts: [mirror.example]}',
    `${users}  logInHosts: [mirror.example]`,
    'access: {anonymous: false, private: users}\ntls:\n  clientCaFile: CA\n  certificateFile: CA\n  keyFile: KEY',
  ]) {
    test(text.replaceAll('\n', ' ⏎ '), async (t) => {
      const certificates = new URL('../support/certificates/', import.meta.url).pathname;
      const file = await fileWith(
        t,
        text
          .replaceAll('CA', `${certificates}first.crt`)
          .replace('KEY', `${certificates}first.key`),
      );
      assert.deepEqual(problemsFrom({ file }), []);
    });
  }
});

test('lists of who may pull what are read with their defaults, and shown as they were written', async (t) => {
  const file = await fileWith(
    t,
    `upstreams:
  - host: GHCR.io
    allow: {repositories: ["acme/**"], reason: Ours alone.}
    deny: [{repositories: ["acme/old-*"], reason: Superseded.}]
access:
  htpasswdFile: /dev/null
  groups: [{name: devs, users: [alice, Jane Doe]}]
  namespaces: [{repositories: ["open/*"], upstream: GHCR.io, visibility: public}]
  rules: [{users: ["*", "CN: 1"], groups: [devs], repositories: ["**"]}]
  clients: [10.0.0.1]
`,
  );
  const { configuration, effective } = loadFrom({ file });
  const [upstream] = configuration.upstreams;
  assert.ok(upstream?.allow?.repositories[0]?.matches('acme/a/b'));
  assert.ok(upstream?.deny[0]?.repositories[0]?.matches('acme/old-a'));
  assert.deepEqual(JSON.parse(JSON.stringify(configuration.access)), {
    anonymous: true,
    private: 'deny',
    namespaces: [{ repositories: ['open/*'], upstream: 'ghcr.io', visibility: 'public' }],
    visibilityFreshness: 3_600_000,
    htpasswdFile: '/dev/null',
    groups: [{ name: 'devs', users: ['alice', 'Jane Doe'] }],
    rules: [{ users: ['*', 'CN: 1'], groups: ['devs'], repositories: ['**'], pull: true }],
    upstreamCredentials: 'ignore',
    logInHosts: [],
    clients: ['10.0.0.1/32'],
    trustedProxies: [],
    limits: { requestsPerSecond: 0, streams: 0, wait: 10_000 },
  });
  const told = new Map(effective.map(({ key, value }) => [key, value]));
  assert.equal(told.get('upstreams[0].allow.reason'), 'Ours alone.');
  assert.deepEqual(told.get('upstreams[0].deny[0].repositories'), ['acme/old-*']);
  assert.deepEqual(told.get('access.rules[0].users'), ['*', 'CN: 1']);
  assert.equal(told.get('access.rules[0].pull'), true);
  assert.deepEqual(told.get('access.clients'), ['10.0.0.1/32']);
  assert.equal(told.get('access.limits.wait'), '10s');
});
