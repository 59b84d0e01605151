import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Credential } from '../../src/upstream/account.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';
import type { OpenUpstreamOptions } from '../../src/upstream/openUpstream.ts';
import { paidAccount, personalAccount, type Account } from '../support/hub/accounts.ts';
import type { Fault } from '../support/hub/faults.ts';
import type { HubSettings } from '../support/hub/hubSettings.ts';
import type { RecordedRequest } from '../support/hub/recorder.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { markedSecret } from '../support/secretMark.ts';
import {
  account,
  openHub,
  openTestUpstream,
  reference,
  rejection,
  repository,
} from './testUpstream.ts';
import { startTinyServer, type TinyHandler } from './tinyServer.ts';

const image = buildImage();
const latest = reference('latest');
const open = repository('library/alpine');
const ofMona = repository('acme/first');
const ofLisa = repository('acme/second');
const missing = repository('acme/nothing');
const lisa: Account = {
  username: 'lisa',
  password: markedSecret('dckr_pat_lisa'),
  plan: 'personal',
};

function credentialOf({ username, password }: Account): Credential {
  return { username, secret: password };
}

const mona = credentialOf(personalAccount);
const wrong = { ...mona, secret: markedSecret('wrong') };
const stranger = { username: 'nobody', secret: markedSecret('any') };

/** A Hub with a public repository, one that only mona reads and one that only lisa does; the mirror has an account. */
async function startCheck(
  t: Lifetime,
  settings: Partial<HubSettings> = {},
  options: Partial<OpenUpstreamOptions> = {},
) {
  const clock = manualClock();
  const hub = await startHub(t, { clock, ...settings });
  hub.addAccount(lisa);
  hub.addImage(open, image, { tags: ['latest'] });
  hub.addImage(ofMona, image, { tags: ['latest'], private: true, allowed: ['mona'] });
  hub.addImage(ofLisa, image, { tags: ['latest'], private: true, allowed: ['lisa'] });
  const accounts = [account(paidAccount)];
  return { hub, clock, ...openHub(t, hub, { accounts, now: clock, wallNow: clock, ...options }) };
}

async function assertFails(asked: Promise<unknown>, failure: UpstreamFailure): Promise<void> {
  const error = await rejection(asked);
  assert.ok(error instanceof UpstreamError, String(error));
  assert.equal(error.failure, failure);
  assert.doesNotMatch(error.message, /mona|nobody/, 'a name of a client is nothing for a log');
}

function carriesBasic({ headers }: Pick<RecordedRequest, 'headers'>): boolean {
  return headers.authorization?.startsWith('Basic ') === true;
}

describe('somebody with a credential of their own may pull', () => {
  for (const auth of ['bearer', 'basic'] as const) {
    test(`what the upstream shows them, and nothing else: ${auth}`, async (t) => {
      const { credentials } = await startCheck(t, { auth });
      assert.equal(await credentials.mayPull(ofMona, mona), true);
      assert.equal(await credentials.mayPull(ofLisa, credentialOf(lisa)), true);
      assert.equal(await credentials.mayPull(open, mona), true);
      assert.equal(await credentials.mayPull(ofLisa, mona), false);
      assert.equal(await credentials.mayPull(missing, mona), false);
    });

    test(`nothing with a wrong password, not even what is public: ${auth}`, async (t) => {
      const { credentials } = await startCheck(t, { auth });
      for (const credential of [wrong, stranger]) {
        for (const name of [open, ofMona, missing]) {
          assert.equal(await credentials.mayPull(name, credential), false);
        }
      }
    });

    test(`from a repository without a tag called latest, but not from a hidden one: ${auth}`, async (t) => {
      const { hub, credentials } = await startCheck(t, { auth });
      hub.removeTag(ofMona, 'latest');
      hub.tag(ofMona, '3.20', image);
      hub.removeTag(ofLisa, 'latest');
      hub.tag(ofLisa, '3.20', image);
      assert.equal(await credentials.mayPull(ofMona, mona), true);
      assert.equal(await credentials.mayPull(ofLisa, mona), false);
    });
  }

  const hidden: [string, TinyHandler][] = [
    ['404 without a word', (_request, response) => response.writeHead(404).end()],
    [
      '404 and an empty list of tags',
      (request, response) => {
        if (request.url?.includes('/tags/')) response.end('{"name":"acme/first","tags":[]}');
        else response.writeHead(404).end();
      },
    ],
  ];
  for (const [name, answer] of hidden) {
    test(`nothing from a repository of which a registry shows no more than ${name}`, async (t) => {
      const server = await startTinyServer(t, demandingBasic(answer));
      const { credentials } = openTestUpstream(t, { url: server.url });
      assert.equal(await credentials.mayPull(ofMona, mona), false);
    });
  }

  test('nothing at a registry that gives everything to everybody: a password makes no difference', async (t) => {
    const { credentials } = await startCheck(t, { auth: 'none' });
    assert.equal(await credentials.mayPull(open, mona), false);
    assert.equal(await credentials.logsIn(mona), false);
  });

  for (const status of [401, 403]) {
    test(`nothing when the token service answers ${status}, as that of ghcr.io does`, async (t) => {
      const { hub, credentials } = await startCheck(t);
      hub.fault({ at: 'token', status });
      assert.equal(await credentials.mayPull(ofMona, mona), false);
      assert.equal(await credentials.logsIn(mona), false);
    });
  }

  test('what a registry shows them by its tags when it knows no HEAD', async (t) => {
    const { hub, credentials } = await startCheck(t);
    hub.fault({ at: 'manifest_head', status: 405 });
    assert.equal(await credentials.mayPull(ofMona, mona), true);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });
});

describe('a log-in', () => {
  for (const auth of ['bearer', 'basic'] as const) {
    test(`is right or wrong, whatever the repositories: ${auth}`, async (t) => {
      const { credentials } = await startCheck(t, { auth });
      // The second time it is known what the registry demands.
      for (let time = 0; time < 2; time++) {
        assert.equal(await credentials.logsIn(mona), true);
        assert.equal(await credentials.logsIn(wrong), false);
        assert.equal(await credentials.logsIn(stranger), false);
      }
    });
  }

  test('asks as docker login does: a token for no repository, which has to open /v2/', async (t) => {
    const { hub, credentials } = await startCheck(t);
    await credentials.logsIn(mona);
    const token = hub.requests.find(({ operation }) => operation === 'token');
    assert.deepEqual([...(token?.query ?? [])], [['service', 'registry.docker.io']]);
    const pings = hub.requests.filter(({ operation }) => operation === 'ping');
    assert.deepEqual(
      pings.map(({ status }) => status),
      [401, 200],
    );
  });

  test('is not told from a registry that lets everybody into /v2/, password or not', async (t) => {
    const server = await startTinyServer(t, opening);
    const { credentials } = openTestUpstream(t, { url: server.url });
    assert.equal(await credentials.mayPull(ofMona, mona), true);
    assert.equal(await credentials.logsIn(wrong), false);
  });

  test('is neither right nor wrong where /v2/ is out of order', async (t) => {
    const { hub, credentials } = await startCheck(t);
    hub.fault({ at: 'ping', status: 404, after: 1 });
    await assertFails(credentials.logsIn(mona), 'server_error');
  });

  test('is wrong where a token is given to everybody, and opens nothing', async (t) => {
    const server = await startTinyServer(t, (request, response) => {
      if (request.url?.startsWith('/token')) response.end('{"token":"worthless"}');
      else challengeTo(`http://${request.headers.host}/token`)(request, response);
    });
    const { credentials } = openTestUpstream(t, { url: server.url });
    assert.equal(await credentials.logsIn(mona), false);
  });
});

describe('a check', () => {
  test('costs no pull, and with the demand known a token and a HEAD', async (t) => {
    const { hub, upstream, credentials } = await startCheck(t);
    await upstream.headManifest(open, latest);
    hub.forget();
    await credentials.mayPull(ofMona, mona);
    assert.deepEqual(
      hub.requests.map(({ operation, account: by }) => [operation, by]),
      [
        ['token', 'mona'],
        ['manifest_head', 'mona'],
      ],
    );
  });

  test('remembers by itself what the registry demands, for the next one', async (t) => {
    const { hub, credentials } = await startCheck(t);
    await credentials.mayPull(ofMona, mona);
    hub.forget();
    await credentials.mayPull(ofLisa, credentialOf(lisa));
    assert.equal(hub.requests.length, 2);
  });

  test('keeps nothing: a password that was revoked is wrong the next time, token or not', async (t) => {
    const { hub, credentials } = await startCheck(t);
    assert.equal(await credentials.mayPull(ofMona, mona), true);
    hub.revokeSecret('mona', mona.secret);
    assert.equal(await credentials.mayPull(ofMona, mona), false);
    assert.equal(await credentials.logsIn(mona), false);
  });

  const page = '<html>Attention required</html>';
  const html = { 'content-type': 'text/html' };
  const failures: [string, Fault, UpstreamFailure][] = [
    ['a token service that is broken', { at: 'token', status: 500 }, 'server_error'],
    [
      'a page of a firewall',
      { at: 'token', status: 403, body: page, headers: html },
      'server_error',
    ],
    ['a token service that hangs up', { at: 'token', refuse: 'fin' }, 'unreachable'],
    ['too many log-ins', { at: 'token', throttle: 'abuse_limit' }, 'abuse_limit'],
    ['a registry that is broken', { at: 'manifest_head', status: 503 }, 'server_error'],
    ['a page for a manifest', { at: 'manifest_head', html: true }, 'server_error'],
    ['their own pull limit', { at: 'manifest_head', throttle: 'pull_limit' }, 'pull_limit'],
  ];
  for (const [name, fault, failure] of failures) {
    test(`says neither yes nor no to ${name}, but that it failed`, async (t) => {
      const { hub, credentials } = await startCheck(t);
      hub.fault(fault);
      await assertFails(credentials.mayPull(ofMona, mona), failure);
    });
  }

  test('fails when nobody answers', async (t) => {
    const { hub, credentials } = await startCheck(t);
    await hub.goDown();
    await assertFails(credentials.mayPull(ofMona, mona), 'unreachable');
    await assertFails(credentials.logsIn(mona), 'unreachable');
  });
});

describe('a credential of a client', () => {
  test('goes to the token service alone, and comes to light nowhere', async (t) => {
    const { hub, credentials, observer } = await startCheck(t);
    await credentials.logsIn(mona);
    for (const name of [open, ofMona, ofLisa]) await credentials.mayPull(name, mona);
    for (const name of [open, ofMona]) await credentials.mayPull(name, wrong);
    const basics = hub.requests.filter(carriesBasic);
    assert.ok(basics.length >= 5);
    assert.ok(basics.every(({ origin }) => origin === 'token'));
    assert.doesNotMatch(observer.events.join('\n'), /mona|client/);
  });

  test('is not taken to a token service on a foreign domain', async (t) => {
    const foreign = await startTinyServer(t, grantAll);
    const realm = `http://localhost:${new URL(foreign.url).port}/token`;
    const server = await startTinyServer(t, challengeTo(realm));
    const { credentials } = openTestUpstream(t, { url: server.url });
    await assertFails(credentials.mayPull(ofMona, mona), 'forbidden_address');
    await assertFails(credentials.logsIn(mona), 'forbidden_address');
    assert.equal(foreign.requests.length, 0);
    assert.ok(!server.requests.some(carriesBasic));
  });

  test('is not taken along when the token service redirects to another origin', async (t) => {
    const foreign = await startTinyServer(t, grantAll);
    const { hub, credentials } = await startCheck(t);
    hub.fault({ at: 'token', redirectTo: `${foreign.url}/token` });
    await assertFails(credentials.mayPull(ofMona, mona), 'forbidden_address');
    await assertFails(credentials.logsIn(mona), 'forbidden_address');
    assert.equal(foreign.requests.length, 0);
  });

  for (const auth of ['bearer', 'basic'] as const) {
    test(`is not taken along when the registry redirects to another origin: ${auth}`, async (t) => {
      const elsewhere = await startTinyServer(t, grantAll);
      const { hub, credentials } = await startCheck(t, { auth });
      await credentials.logsIn(mona);
      hub.fault({
        at: 'manifest_head',
        redirectTo: `${elsewhere.url}/manifest`,
        when: ({ headers }) => headers.authorization !== undefined,
      });
      await credentials.mayPull(ofMona, mona);
      assert.ok(elsewhere.requests.length > 0);
      assert.ok(elsewhere.requests.every(({ headers }) => headers.authorization === undefined));
    });
  }
});

describe('what clients send does not disturb the mirror', () => {
  test('wrong passwords set no account aside and open no circuit', async (t) => {
    const { hub, upstream, credentials, observer } = await startCheck(t);
    for (let count = 0; count < 10; count++) {
      await credentials.mayPull(ofMona, wrong);
      await credentials.logsIn(wrong);
    }
    hub.forget();
    assert.ok(await upstream.getManifest(open, latest));
    assert.equal(hub.count({ operation: 'manifest_get', account: 'acme', status: 200 }), 1);
    for (const kind of ['aside', 'circuit']) assert.deepEqual(observer.of(kind), []);
  });

  test('nor does a user name that the token service is tired of, or fails with', async (t) => {
    const { hub, upstream, credentials, observer } = await startCheck(t);
    const when = ({ headers }: Pick<RecordedRequest, 'headers'>): boolean =>
      headers.authorization === basicOf(wrong);
    const broken = hub.fault({ at: 'token', status: 500, when, times: 6 });
    for (let count = 0; count < 3; count++) {
      for (const name of [open, ofMona]) await rejection(credentials.mayPull(name, wrong));
    }
    assert.ok(broken.hits >= 3);
    hub.clearFaults();
    hub.fault({ at: 'token', throttle: 'abuse_limit', when });
    await rejection(credentials.mayPull(ofLisa, wrong));
    assert.equal(upstream.lastAnswerAt, undefined);
    assert.ok(await upstream.getManifest(open, latest));
    for (const kind of ['aside', 'circuit', 'throttled']) assert.deepEqual(observer.of(kind), []);
    assert.deepEqual(observer.of('reachable'), ['reachable hub.test true']);
  });

  test('nor does the pull limit of somebody else: nothing of it is read', async (t) => {
    const { hub, upstream, credentials, observer } = await startCheck(t, {}, { accounts: [] });
    hub.setRemaining('mona', 0);
    await credentials.mayPull(ofMona, mona);
    hub.fault({ at: 'manifest_head', throttle: 'pull_limit' });
    await rejection(credentials.mayPull(ofMona, mona));
    for (const kind of ['rate', 'aside', 'throttled']) assert.deepEqual(observer.of(kind), []);
    hub.clearFaults();
    assert.ok(await upstream.getManifest(open, latest));
  });

  test('as many checks as there may be leave a connection for the mirror', async (t) => {
    const { hub, upstream, credentials } = await startCheck(
      t,
      {},
      { agentLimits: { apiConnections: 8 } },
    );
    await upstream.headManifest(open, latest);
    const held = hub.fault({ at: 'manifest_head', delayHeaders: 'hold' });
    const checks = Array.from({ length: 20 }, () => credentials.mayPull(ofMona, mona));
    await hub.waitFor({ operation: 'manifest_head', account: 'mona' });
    assert.ok(await upstream.getManifest(open, latest));
    assert.equal(hub.count({ operation: 'manifest_head', account: 'mona' }), 1);
    held.release();
    hub.clearFaults();
    assert.deepEqual(new Set(await Promise.all(checks)), new Set([true]));
  });
});

function basicOf({ username, secret }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
}

function challengeTo(realm: string): TinyHandler {
  return (_request, response) => {
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` }).end();
  };
}

/** Lets everybody into /v2/, and but one into the rest. */
const opening: TinyHandler = (request, response) => {
  if (request.url === '/v2/') response.end('{}');
  else demandingBasic(grantAll)(request, response);
};

function demandingBasic(answer: TinyHandler): TinyHandler {
  return (request, response) => {
    if (request.headers.authorization === basicOf(mona)) answer(request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
  };
}

/** A token for whoever asks, and a manifest for whoever has one. */
const grantAll: TinyHandler = (request, response) => {
  const isToken = request.url?.startsWith('/token') === true;
  response.end(isToken ? '{"token":"stolen"}' : '{}');
};
