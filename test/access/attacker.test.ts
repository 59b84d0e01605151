import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { hashPassword } from '../../src/access/bcryptHash.ts';
import { requestHead, wireClient, type Ask, type WireAnswer } from '../http/wireAnswer.ts';
import { pullImage } from '../mirror/pulls.ts';
import { generatedBlob } from '../support/blobContent.ts';
import { buildImage, type SingleImage } from '../support/images.ts';
import { exchangeRaw } from '../support/rawSocket.ts';
import { startMirror } from '../support/testMirror.ts';
import { holdsPrivateBytes } from './attack/privateBytes.ts';
import { oddProbes, plainProbes, type Probe } from './attack/probes.ts';
import {
  absent,
  authorizations,
  blotted,
  hidden,
  nothing,
  open,
  ordinary,
  public_,
  secret,
  sharing,
  startTarget,
  type Target,
} from './attack/target.ts';

const minute = 60_000;
const hour = 60 * minute;

const attackers = [
  { who: 'somebody where nobody can log in', logIns: false },
  { who: 'somebody who does not log in', logIns: true },
  { who: 'a user without permission', logIns: true, authorization: authorizations.bob },
  { who: 'a Hub account without access', logIns: true, authorization: authorizations.stranger },
] as const;

/** Sends the probes one by one. */
async function tryAll(
  { ask }: Target,
  probes: readonly Probe[],
  authorization: string | undefined,
): Promise<readonly WireAnswer[]> {
  const answers: WireAnswer[] = [];
  const own = authorization === undefined ? {} : { authorization };
  for (const { method, target, headers } of probes) {
    answers.push(await ask(method, target, { ...own, ...headers }));
  }
  return answers;
}

/** Fails where an answer about the private repository is not that about the absent one, or holds anything of it. */
async function assertAlike(
  target: Target,
  when: string,
  probesOf: (name: string) => readonly Probe[],
  authorization: string | undefined,
): Promise<void> {
  const names = [hidden, absent].flatMap((name) => [name, name.replace('/', '%2F'), name.slice(1)]);
  await settle(target.ask);
  await tryAll(target, plainProbes('acme/others'), authorization);
  const [private_, missing] = [
    await tryAll(target, probesOf(hidden), authorization),
    await tryAll(target, probesOf(absent), authorization),
  ];
  for (const [index, { method, target: path, headers = {} }] of probesOf(hidden).entries()) {
    const [ofPrivate, ofMissing] = [private_[index], missing[index]];
    assert.ok(ofPrivate && ofMissing);
    const what = `${when}: ${method} ${path} ${JSON.stringify(headers).slice(0, 200)}`;
    assert.deepEqual(blotted(ofPrivate, names), blotted(ofMissing, names), what);
    assert.ok(!holdsPrivateBytes(ofPrivate.body), what);
    assert.ok(ofPrivate.status !== 200 || !path.includes('secret'), what);
  }
}

/** Has alice pull all of the private image, twice: then all that it takes to answer is known in memory. */
async function pullSecret({ mirror, pull }: Target): Promise<void> {
  const { manifest, blobs } = secret;
  const { digest } = manifest;
  const lists = ['tags/list', `referrers/${digest}`];
  const rests = ['manifests/1', `manifests/${digest}`, ...lists];
  for (let times = 0; times < 2; times += 1) {
    for (const rest of [...rests, ...blobs.map((blob) => `blobs/${blob.digest}`)]) {
      assert.equal((await pull(`/v2/${hidden}/${rest}`)).status, 200);
    }
    for (const blob of blobs) await mirror.mirror.fills.find(blob.digest)?.finished;
  }
}

/** Has the mirror hold the public image that has a layer in common with the private one. */
async function pullOpen({ mirror }: Target): Promise<void> {
  await pullImage(mirror, sharing, '1', open);
}

for (const { who, logIns, ...own } of attackers) {
  const authorization = 'authorization' in own ? own.authorization : undefined;
  test(`to ${who} a private repository looks like one that does not exist, whatever is tried and held`, async (t) => {
    const target = await startTarget(t, logIns);
    const { clock, hub } = target;
    await pullOpen(target);
    const alike = (when: string, probesOf: (name: string) => readonly Probe[]) =>
      assertAlike(target, when, probesOf, authorization);
    await alike('cold', plainProbes);
    await pullSecret(target);
    await alike('held', plainProbes);
    // What the check of visibility wrote has made the mirror forget what it knew in memory.
    await pullSecret(target);
    await alike('held', oddProbes);
    clock.advance(minute);
    await alike('held, a minute later', plainProbes);
    await hub.goDown();
    await alike('the upstream down', plainProbes);
    clock.advance(hour);
    await alike('the upstream down, an hour later', plainProbes);
    await hub.comeUp();
    clock.advance(hour);
    await alike('the upstream up again', plainProbes);
  });
}

function partsOf({ manifest, layers, config }: SingleImage): readonly string[] {
  return [
    `manifests/${manifest.digest}`,
    `blobs/${manifest.digest}`,
    `blobs/${layers.at(-1)?.digest}`,
    `blobs/${config.digest}`,
    `manifests/${config.digest}`,
    `referrers/${manifest.digest}`,
  ];
}

/** What can be asked for by digest under a name, of one image and of another of the same form. */
function twins(name: string): readonly (readonly [string, string])[] {
  const others = partsOf(nothing);
  return partsOf(secret).map((part, index) => [
    `/v2/${name}/${part}`,
    `/v2/${name}/${others[index]}`,
  ]);
}

const digests = [secret, nothing].flatMap(({ manifest, blobs }) => [
  manifest.digest,
  ...blobs.map(({ digest }) => digest),
]);

/** Has the mirror notice that an upstream is down: the first that are told so may hear of another Retry-After. */
async function settle(ask: Ask): Promise<void> {
  for (const digit of '0123456789') {
    const digest = `sha256:${digit.repeat(64)}`;
    for (const name of [sharing, public_]) {
      for (const noun of ['manifests', 'blobs']) await ask('GET', `/v2/${name}/${noun}/${digest}`);
    }
  }
}

/** Fails where a public repository says anything else of a digest of the private one than of one that nobody has. */
async function assertDigestsAlike({ ask, hub }: Target, when: string): Promise<void> {
  await settle(ask);
  for (const name of [sharing, public_]) {
    for (const [secretPath, unknownPath] of twins(name)) {
      for (const headers of [
        {},
        { range: 'bytes=0-9' },
        { 'if-none-match': '*' },
        { 'x-hand-over': 'nginx' },
      ]) {
        for (const method of ['GET', 'HEAD']) {
          const what = `${when}: ${method} ${secretPath} ${JSON.stringify(headers)}`;
          hub.forget();
          const known = await ask(method, secretPath, headers);
          const asked = hub.requests.length;
          hub.forget();
          const unknown = await ask(method, unknownPath, headers);
          assert.deepEqual(blotted(known, digests), blotted(unknown, digests), what);
          assert.equal(asked, hub.requests.length, `${what}: requests to the upstream`);
          assert.ok(!holdsPrivateBytes(known.body), what);
        }
      }
    }
  }
}

describe('under the name of a public repository a digest of the private one says nothing', () => {
  test('while all is held, and while the upstream or its CDN is away', async (t) => {
    const target = await startTarget(t, true);
    const { clock, hub } = target;
    await pullOpen(target);
    await pullImage(target.mirror, public_, '1', ordinary);
    await assertDigestsAlike(target, 'cold');
    await pullSecret(target);
    await assertDigestsAlike(target, 'held');
    await hub.goDown('cdn');
    const unheld = generatedBlob({ size: 10, seed: 'unheld' });
    hub.addImage(sharing, buildImage({ layers: [unheld] }));
    for (let times = 0; times < 10; times += 1) {
      await target.ask('GET', `/v2/${sharing}/blobs/${unheld.digest}`);
    }
    await assertDigestsAlike(target, 'the CDN down');
    await hub.goDown();
    await assertDigestsAlike(target, 'the upstream down');
    clock.advance(2 * hour);
    await assertDigestsAlike(target, 'the upstream down for long');
  });
});

describe('while an allowed user pulls for the first time', () => {
  for (const [what, fault] of [
    ['headers', { at: 'blob_redirect', delayHeaders: 'hold' }],
    ['bytes', { at: 'blob_body', stallAfter: 1000 }],
  ] as const) {
    test(`of which the ${what} are on their way, others are told of the blob what they are told of none`, async (t) => {
      const target = await startTarget(t, true);
      const { hub, mirror, pull } = target;
      await pullOpen(target);
      await pullImage(mirror, public_, '1', ordinary);
      const layer = secret.layers[1]?.digest;
      const held = hub.fault({
        ...fault,
        when: ({ path }) => layer !== undefined && path.includes(layer.slice(7)),
        times: 1,
      });
      hub.forget();
      const pulling = pull(`/v2/${hidden}/blobs/${layer}`);
      await hub.waitFor({ operation: fault.at === 'blob_body' ? 'cdn_get' : 'blob_get' });
      await assertAlike(target, 'pulling', plainProbes, undefined);
      await assertAlike(target, 'pulling', plainProbes, authorizations.bob);
      await assertDigestsAlike(target, 'pulling');
      held.release();
      assert.equal((await pulling).status, 200);
    });
  }

  test('others are told of the manifest what they are told of none', async (t) => {
    const target = await startTarget(t, true);
    const { hub, mirror, pull } = target;
    await pullOpen(target);
    await pullImage(mirror, public_, '1', ordinary);
    const held = hub.fault({ at: 'manifest_get', delayHeaders: 'hold', times: 1 });
    hub.forget();
    const pulling = pull(`/v2/${hidden}/manifests/${secret.manifest.digest}`);
    await hub.waitFor({ operation: 'manifest_get', repository: hidden });
    await assertAlike(target, 'pulling', plainProbes, undefined);
    await assertDigestsAlike(target, 'pulling');
    held.release();
    assert.equal((await pulling).status, 200);
  });
});

test('a connection has no memory of who used it', async (t) => {
  const target = await startTarget(t, true);
  await pullSecret(target);
  const path = `/v2/${hidden}/manifests/${secret.manifest.digest}`;
  const allowed = requestHead('GET', path, { authorization: authorizations.alice });
  const foreign = requestHead('GET', path);
  const refused = requestHead('GET', path, { authorization: authorizations.bob });
  const last = requestHead('GET', path, { connection: 'close' });
  const orders = [
    [allowed, foreign, refused, allowed, last],
    [foreign, allowed, allowed, refused, last],
  ];
  const wanted = [
    [200, 401, 404, 200, 401],
    [401, 200, 200, 404, 401],
  ];
  for (const [index, order] of orders.entries()) {
    const { bytes } = await exchangeRaw({ port: target.port, bytes: order.join('') });
    const statuses = bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g);
    assert.deepEqual(
      [...statuses].map(([, status]) => Number(status)),
      wanted[index],
    );
  }
});

test('of two Authorization fields, a wrong and a right one, the same counts in all that is asked', async (t) => {
  const target = await startTarget(t, true);
  await pullSecret(target);
  for (const [one, two] of [
    [authorizations.bob, authorizations.alice],
    ['Bearer x', authorizations.alice],
  ] as const) {
    for (const rest of ['manifests/1', `blobs/${secret.layers[1]?.digest}`]) {
      const head = `GET /v2/${hidden}/${rest} HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n`;
      const bytes = `${head}Authorization: ${one}\r\nAuthorization: ${two}\r\n\r\n`;
      const answer = await exchangeRaw({ port: target.port, bytes });
      assert.ok(!holdsPrivateBytes(answer.bytes));
    }
  }
});

test('no cache on the way may keep for others what a user gets of a private repository', async (t) => {
  const target = await startTarget(t, true);
  await pullSecret(target);
  const own = { authorization: authorizations.alice };
  const conditions = [
    {},
    { range: 'bytes=0-9' },
    { 'if-none-match': '*' },
    { 'x-hand-over': 'nginx' },
  ];
  for (const { method, target: path } of plainProbes(hidden)) {
    for (const condition of conditions) {
      const { status, headers } = await target.ask(method, path, { ...own, ...condition });
      assert.ok([200, 206, 304].includes(status), `${method} ${path}: ${status}`);
      assert.match(headers['cache-control'] ?? '', /^private\b/, `${method} ${path}`);
    }
  }
});

const otherPassword = new Map([['alice', await hashPassword('another', 4)]]);

describe('a user who may pull is nobody any more', () => {
  for (const [what, after] of [
    ['is removed', new Map<string, string>()],
    ['has another password', otherPassword],
  ] as const) {
    test(`from the moment at which the user ${what}, though the password is remembered`, async (t) => {
      const target = await startTarget(t, true);
      const { ask, users } = target;
      await pullSecret(target);
      users.replace(after);
      const authorization = authorizations.alice;
      await assertAlike(target, 'after', plainProbes, authorization);
      const { status } = await ask('GET', `/v2/${hidden}/manifests/1`, { authorization });
      assert.equal(status, 401);
    });
  }
});

/** One that was public when somebody pulled it; its tag is fresh for long. */
async function startTurning(t: TestContext) {
  const target = await startTarget(t, true, { tagFreshness: 100 * hour });
  target.hub.makePublic(hidden);
  return target;
}

describe('a repository that turned private', () => {
  test('is gone an hour later, while its tag is fresh and all of it is held', async (t) => {
    const target = await startTurning(t);
    const { clock, hub, mirror } = target;
    await pullOpen(target);
    await pullImage(mirror, hidden, '1', secret);
    hub.makePrivate(hidden, ['acme']);
    clock.advance(hour);
    await assertAlike(target, 'turned', plainProbes, undefined);
    await assertAlike(target, 'turned', oddProbes, undefined);
    await hub.goDown();
    await assertAlike(target, 'turned, the upstream down', plainProbes, undefined);
    clock.advance(hour);
    await assertAlike(target, 'turned, the upstream down for long', plainProbes, undefined);
  });

  test('is gone for who asks during a fill that began before', async (t) => {
    const target = await startTurning(t);
    const { ask, clock, hub, mirror } = target;
    await pullOpen(target);
    const layer = secret.layers[1]?.digest;
    const held = hub.fault({ at: 'blob_body', stallAfter: 1000 });
    hub.forget();
    const before = ask('GET', `/v2/${hidden}/blobs/${layer}`);
    await hub.waitFor({ operation: 'cdn_get' });
    hub.makePrivate(hidden, ['acme']);
    clock.advance(hour);
    await assertAlike(target, 'filling', plainProbes, undefined);
    held.release();
    assert.equal((await before).status, 200);
    await mirror.mirror.fills.find(layer ?? secret.manifest.digest)?.finished;
    await assertAlike(target, 'filled', plainProbes, undefined);
  });
});

/** Counts what it takes to answer: the requests to the upstream, and the look-ups that are waited for. */
function costMeter(t: TestContext, { hub, mirror }: Target) {
  const { repositories, memberships, tags } = mirror.store.catalog;
  const lookUps = [repositories, memberships, tags].map((table) => t.mock.method(table, 'get'));
  const checks = t.mock.method(mirror.mirror.visibility, 'require');
  return async (work: () => Promise<unknown>): Promise<object> => {
    hub.forget();
    for (const { mock } of [...lookUps, checks]) mock.resetCalls();
    await work();
    return {
      upstream: hub.requests.map(({ operation, status, account }) => [operation, status, account]),
      lookUps: lookUps.map(({ mock }) => mock.callCount()),
      checks: checks.mock.callCount(),
    };
  };
}

for (const { who, logIns, ...own } of attackers) {
  const authorization = 'authorization' in own ? own.authorization : undefined;
  test(`to ${who} an answer about a private repository takes as much as one about an absent one`, async (t) => {
    const target = await startTarget(t, logIns);
    const { clock, hub } = target;
    await pullOpen(target);
    await tryAll(target, plainProbes('acme/others'), authorization);
    const cost = costMeter(t, target);
    const assertAsCheap = async (when: string) => {
      for (const [index, probe] of plainProbes(hidden).entries()) {
        const twin = plainProbes(absent)[index];
        assert.ok(twin);
        const [ofPrivate, ofAbsent] = [
          await cost(() => tryAll(target, [probe], authorization)),
          await cost(() => tryAll(target, [twin], authorization)),
        ];
        assert.deepEqual(ofPrivate, ofAbsent, `${when}: ${probe.method} ${probe.target}`);
      }
    };
    await assertAsCheap('cold');
    await pullSecret(target);
    await assertAsCheap('held');
    clock.advance(2 * minute);
    await assertAsCheap('held, two minutes later');
    await hub.goDown();
    clock.advance(2 * minute);
    await settle(target.ask);
    await assertAsCheap('the upstream down');
  });
}

for (const logIns of [true, false]) {
  const by = logIns ? 'a user' : 'another configuration';
  test(`what an account brought in for ${by} is nobody's when the mirror is without it`, async (t) => {
    const { hub, mirror, clock, ...target } = await startTarget(t, logIns);
    await pullSecret({ hub, mirror, clock, ...target });
    await mirror.stop();
    const { directory } = mirror;
    const later = await startMirror(t, hub, { directory, now: clock, monotonicNow: clock });
    for (const { method, target: path } of plainProbes(hidden)) {
      const { status, body } = await wireClient(later.port)(method, path);
      assert.equal(status, 404, `${method} ${path}`);
      assert.ok(!holdsPrivateBytes(body));
    }
  });
}
