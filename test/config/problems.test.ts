import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileWith, problemsFrom, token } from './loadFrom.ts';

const upstream = 'upstreams:\n  - host: ghcr.io\n';
const size = 'a size such as 512MiB, 100GB or plain bytes';
const duration = 'a duration such as 500ms, 30s, 5m, 24h, 7d or 0';
const listen = 'host:port, [IPv6 address]:port, or :port for every address';
const pattern = 'a pattern such as acme/*, acme/** or v[0-9]*, without braces';
const oneCredential = 'expected one of token, tokenFile, tokenCommand, dockerConfig';
const registry = 'a registry as image names give it, such as ghcr.io or localhost:5000';

/** A file's text, and its one problem without the file's name. */
const cases: readonly (readonly [string, string])[] = [
  ['listen: 5000', `1:9: listen: expected ${listen}, got 5000`],
  ['listen: nowhere', `1:9: listen: expected ${listen}, got "nowhere"`],
  ['ops:\n  listen: a:99999', `2:11: ops.listen: expected ${listen}, got "a:99999"`],
  [
    'ops:\n  listen: ":5000"',
    '2:11: ops.listen: expected another port than that of listen, got ":5000"',
  ],
  [
    'storage: big',
    '1:10: storage: expected a mapping of directory, maxSize, minFree, highWater, lowWater, maxIdle, pin, scrubInterval, scrubRate, memory, got a single value',
  ],
  ['storage:\n  maxSize: 100 gigs', `2:12: storage.maxSize: expected ${size}, got "100 gigs"`],
  ['storage:\n  minFree: -1', `2:12: storage.minFree: expected ${size}, got -1`],
  [
    'storage:\n  memory: 9000PB',
    `2:11: storage.memory: expected ${size}, below 8PiB, got "9000PB"`,
  ],
  ['storage:\n  directory: ""', '2:14: storage.directory: expected a path, got ""'],
  [
    'storage:\n  max_size: 1',
    '2:3: storage.max_size: no such setting; did you mean storage.maxSize?',
  ],
  ['storage:\n  maxSise:', '2:3: storage.maxSise: no such setting; did you mean storage.maxSize?'],
  ['maxSize: 1', '1:1: maxSize: no such setting; did you mean storage.maxSize?'],
  [
    'tagFreshness: 1m',
    '1:1: tagFreshness: no such setting; did you mean upstreams[].tagFreshness?',
  ],
  ['colour: red', '1:1: colour: no such setting'],
  ['offline: yes', '1:10: offline: expected true or false, got "yes"'],
  [
    'defaultUpstream: quay.io',
    '1:18: defaultUpstream: expected one of the upstreams: docker.io, got "quay.io"',
  ],
  ['defaultUpstream: library', `1:18: defaultUpstream: expected ${registry}, got "library"`],
  ['upstreams: ghcr.io', '1:12: upstreams: expected a list of upstreams, got a single value'],
  ['upstreams:\n  host: ghcr.io', '2:3: upstreams: expected a list of upstreams, got a mapping'],
  [
    'upstreams:\n  - ghcr.io',
    '2:5: upstreams[0]: expected a mapping of host, url, accounts, anonymousFallback, reserve, essential, quotaProbe, tagFreshness, tagRules, staleIfError, absentFreshness, trustedHosts, allow, deny, got a single value',
  ],
  [
    'upstreams:\n  - tagFreshness: 1m',
    `2:5: upstreams[0].host: expected ${registry}, but it is missing`,
  ],
  [
    'upstreams:\n  - host: index.docker.io',
    '2:11: upstreams[0].host: expected docker.io, which stands for Docker Hub\'s other names too, got "index.docker.io"',
  ],
  [
    `${upstream}  - host: GHCR.IO`,
    '3:11: upstreams[1].host: expected a name that is not in the list already, got "GHCR.IO"',
  ],
  [
    `${upstream}    url: https://ghcr.io/v2`,
    '3:10: upstreams[0].url: expected scheme, host and port alone: a registry behind a path prefix is not supported, got "https://ghcr.io/v2"',
  ],
  [
    `${upstream}    tagFreshness: 1 week`,
    `3:19: upstreams[0].tagFreshness: expected ${duration}, got "1 week"`,
  ],
  [
    `${upstream}    tagFreshness: 60`,
    `3:19: upstreams[0].tagFreshness: expected ${duration}, got 60`,
  ],
  [
    `${upstream}    staleIfError: true`,
    `3:19: upstreams[0].staleIfError: expected ${duration}, got true`,
  ],
  [
    `${upstream}    trustedHosts: [a.b, c/d]`,
    '3:25: upstreams[0].trustedHosts[1]: expected a host or host:port, such as auth.example.com, got "c/d"',
  ],
  [
    `${upstream}    trustedHosts: a.b`,
    '3:19: upstreams[0].trustedHosts: expected a list, got a single value',
  ],
  [
    `${upstream}    essential: ["acme/*", "{a,b}"]`,
    `3:27: upstreams[0].essential[1]: expected ${pattern}, got "{a,b}"`,
  ],
  [
    `${upstream}    essential: acme/*`,
    '3:16: upstreams[0].essential: expected a list of patterns, got a single value',
  ],
  [
    `${upstream}    reserve: -1`,
    '3:14: upstreams[0].reserve: expected a whole number of pulls, 0 or more, got -1',
  ],
  [
    `${upstream}    reserve: 1.5`,
    '3:14: upstreams[0].reserve: expected a whole number of pulls, 0 or more, got 1.5',
  ],
  [
    `${upstream}    anonymousFallback: sometimes`,
    '3:24: upstreams[0].anonymousFallback: expected true or false, got "sometimes"',
  ],
  [
    `${upstream}    quotaProbe: often`,
    `3:17: upstreams[0].quotaProbe: expected ${duration}, got "often"`,
  ],
  [
    `${upstream}    absentFreshness: 10`,
    `3:22: upstreams[0].absentFreshness: expected ${duration}, got 10`,
  ],
  [
    `${upstream}    tagRules: [{tags: [], freshness: 1m}]`,
    '3:23: upstreams[0].tagRules[0].tags: expected a list of at least one pattern, got an empty list',
  ],
  [
    `${upstream}    tagRules: [{tags: ["a//b"], freshness: 1m}]`,
    `3:24: upstreams[0].tagRules[0].tags[0]: expected ${pattern}, got "a//b"`,
  ],
  [
    `${upstream}    tagRules: [{tags: [latest]}]`,
    `3:16: upstreams[0].tagRules[0].freshness: expected ${duration}, but it is missing`,
  ],
  ['metrics: {exporterNames: 1}', '1:26: metrics.exporterNames: expected true or false, got 1'],
  [`${upstream}    fresh: 1m`, '3:5: upstreams[0].fresh: no such setting'],
  [
    'access:\n  private: maybe',
    '2:12: access.private: expected one of deny, users, allow, got "maybe"',
  ],
  [
    'log: {level: verbose}',
    '1:14: log.level: expected one of trace, debug, info, warn, error, fatal, silent, got "verbose"',
  ],
  ['log: {format: xml}', '1:15: log.format: expected one of auto, json, pretty, got "xml"'],
  ['shutdownTimeout: soon', `1:18: shutdownTimeout: expected ${duration}, got "soon"`],
];

describe('a problem tells place, setting, value and what was expected', () => {
  for (const [text, problem] of cases) {
    test(problem, async (t) => {
      const file = await fileWith(t, text);
      assert.deepEqual(problemsFrom({ file }), [`${file}:${problem}`]);
    });
  }

  for (const text of ['just text', '- a list']) {
    test(`also where the whole file is ${text}`, async (t) => {
      const file = await fileWith(t, text);
      const [problem, ...others] = problemsFrom({ file });
      assert.match(
        problem ?? '',
        /:1:1: expected a mapping of listen, tls, accelRedirect, ops, storage/,
      );
      assert.deepEqual(others, []);
    });
  }
});

describe('an account', () => {
  const account = `${upstream}    accounts:\n`;
  const accounts: readonly (readonly [string, string])[] = [
    ['      - username: a', `4:9: upstreams[0].accounts[0]: ${oneCredential}`],
    [
      '      - {username: a, token: b, tokenFile: /dev/null/x}',
      `4:9: upstreams[0].accounts[0]: ${oneCredential}`,
    ],
    [
      '      - {username: a, token: ""}',
      '4:30: upstreams[0].accounts[0].token: expected a token, as text and not empty',
    ],
    [
      '      - {username: a, token: 12345}',
      '4:30: upstreams[0].accounts[0].token: expected a token, as text and not empty',
    ],
    [
      '      - {username: "a:b", token: c}',
      '4:20: upstreams[0].accounts[0].username: expected a user name without colons and spaces',
    ],
    [
      '      - {token: c}',
      '4:9: upstreams[0].accounts[0].username: expected a user name, but it is missing',
    ],
    [
      '      - {username: a, token: b}\n      - {username: a, token: c}',
      '5:20: upstreams[0].accounts[1].username: expected a name that is not in the list already',
    ],
    [
      '      - {username: a, tokenCommand: [pass, show, hub], dockerConfig: /dev/null/x}',
      `4:9: upstreams[0].accounts[0]: ${oneCredential}`,
    ],
    [
      '      - {username: a, tokenCommand: pass show hub}',
      '4:37: upstreams[0].accounts[0].tokenCommand: expected a list of a program and its arguments',
    ],
    [
      '      - {username: a, tokenCommand: []}',
      '4:37: upstreams[0].accounts[0].tokenCommand: expected a list of a program and its arguments',
    ],
    [
      '      - {tokenCommand: [pass]}',
      '4:9: upstreams[0].accounts[0].username: expected a user name, but it is missing',
    ],
    [
      '      - {dockerConfig: /nonexistent/a}\n      - {dockerConfig: /nonexistent/b}',
      '5:9: upstreams[0].accounts[1].username: expected a user name, since another account has none already',
    ],
    [
      '      - {dockerConfig: /nonexistent/a}',
      '4:24: upstreams[0].accounts[0].dockerConfig: expected a file that can be read: no such file, got "/nonexistent/a"',
    ],
    [
      `      - {dockerConfig: ${import.meta.filename}}`,
      `4:24: upstreams[0].accounts[0].dockerConfig: expected a file with a JSON object, got ${JSON.stringify(import.meta.filename)}`,
    ],
    [
      '      - {username: a, token: b, repositories: ["acme//x"]}',
      `4:48: upstreams[0].accounts[0].repositories[0]: expected ${pattern}`,
    ],
    [
      '      - {username: a, token: b, tokenLife: never}',
      `4:44: upstreams[0].accounts[0].tokenLife: expected ${duration}`,
    ],
    [
      '      - {username: a, token: b, tokn: c}',
      '4:33: upstreams[0].accounts[0].tokn: no such setting; did you mean upstreams[0].accounts[0].token?',
    ],
    [
      '      - a:b',
      '4:9: upstreams[0].accounts[0]: expected a mapping of username, token, tokenFile, tokenCommand, dockerConfig, tokenLife, repositories',
    ],
  ];
  for (const [text, problem] of accounts) {
    test(problem, async (t) => {
      const file = await fileWith(t, `${account}${text}\n`);
      assert.ok(problemsFrom({ file }).includes(`${file}:${problem}`));
    });
  }
});

test('all problems are reported at once, in the order of the file and then of the environment', async (t) => {
  const file = await fileWith(
    t,
    'listen: x\nstorage:\n  minFree: y\nupstreams:\n  - host: z\n  - url: ftp://a\nbogus: 1\nlog:\n  level: q\n',
  );
  const environment = {
    PULLTHROUGH_SHUTDOWN_TIMEOUT: 'soon',
    PULLTHROUGH_BOGUS: '1',
    DOCKERHUB_TOKEN: token,
  };
  const places = problemsFrom({ file, environment }).map((line) =>
    line.replace(`${file}:`, '').replace(/: expected.*|: no .*/, ''),
  );
  assert.deepEqual(places, [
    '1:9: listen',
    '3:12: storage.minFree',
    '5:11: upstreams[0].host',
    '6:5: upstreams[1].host',
    '6:10: upstreams[1].url',
    '7:1: bogus',
    '9:10: log.level',
    'DOCKERHUB_TOKEN',
    'PULLTHROUGH_BOGUS',
    'PULLTHROUGH_SHUTDOWN_TIMEOUT: shutdownTimeout',
  ]);
});

test('a flag that is wrong is named as the source', () => {
  const flags = [{ path: ['listen'], value: 'x', source: '--listen' }];
  assert.deepEqual(problemsFrom({ flags }), [`--listen: listen: expected ${listen}, got "x"`]);
});

test('a default that a flag clashes with is named as a default', () => {
  const flags = [{ path: ['listen'], value: ':5001', source: '--listen' }];
  assert.deepEqual(problemsFrom({ flags }), [
    'default: ops.listen: expected another port than that of listen, got "0.0.0.0:5001"',
  ]);
});
