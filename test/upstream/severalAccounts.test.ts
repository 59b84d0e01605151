import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseGlob } from '../../src/registry/glob.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import type { OpenUpstreamOptions } from '../../src/upstream/openUpstream.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';
import { personalAccount, type Account as HubAccount } from '../support/hub/accounts.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { markedSecret } from '../support/secretMark.ts';
import { account, openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const secret = repository('acme/secret');
const latest = reference('latest');
const image = buildImage();
const mona = personalAccount;
const lisa: HubAccount = {
  username: 'lisa',
  password: markedSecret('dckr_pat_lisa'),
  plan: 'personal',
};

async function openTwo(t: Lifetime, options: Partial<OpenUpstreamOptions> = {}) {
  const clock = manualClock();
  const hub = await startHub(t, { clock });
  hub.addAccount(lisa);
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  const accounts = [account(mona), account(lisa)];
  const opened = openHub(t, hub, { accounts, now: clock, wallNow: clock, ...options });
  /** How many manifest GETs the Hub answered so, as whom. */
  const gets = (status: number, username?: string): number =>
    hub.count({
      operation: 'manifest_get',
      status,
      ...(username === undefined ? {} : { account: username }),
    });
  return { clock, hub, gets, ...opened };
}

async function assertFails(
  asked: Promise<unknown>,
  failure: UpstreamFailure,
): Promise<UpstreamError> {
  const error = await rejection(asked);
  assert.ok(error instanceof UpstreamError, String(error));
  assert.equal(error.failure, failure);
  return error;
}

describe('a manifest GET that meets the pull limit of an account', () => {
  test('is made once more with the next one, at once', async (t) => {
    const { hub, upstream, gets, observer } = await openTwo(t);
    hub.setRemaining('mona', 0);
    assert.ok(await upstream.getManifest(alpine, latest));
    assert.deepEqual([gets(429, 'mona'), gets(200, 'lisa')], [1, 1]);
    assert.deepEqual(observer.of('aside'), ['aside hub.test mona pull_limit 60']);
  });

  test('is not made with it again before its time', async (t) => {
    const { hub, upstream, gets, clock } = await openTwo(t);
    hub.setRemaining('mona', 0);
    for (let count = 0; count < 5; count++) await upstream.getManifest(alpine, latest);
    clock.advance(59_000);
    await upstream.getManifest(alpine, latest);
    assert.deepEqual([gets(429), gets(200, 'lisa')], [1, 6]);
  });

  test('is made with it for the time that it states, in seconds or as a date', async (t) => {
    for (const stated of ['7200', 'Thu, 01 Jan 2026 02:00:00 GMT']) {
      const { hub, upstream, observer } = await openTwo(t);
      const headers = { 'retry-after': stated };
      hub.fault({ at: 'manifest_get', throttle: 'pull_limit', headers, times: 1 });
      assert.ok(await upstream.getManifest(alpine, latest));
      assert.deepEqual(observer.of('aside'), ['aside hub.test mona pull_limit 7200']);
    }
  });

  test('is not sent at all when all accounts are without pulls: a hundred cost two answers', async (t) => {
    const { hub, upstream, gets } = await openTwo(t);
    hub.setRemaining('mona', 0);
    hub.setRemaining('lisa', 0);
    const first = await assertFails(upstream.getManifest(alpine, latest), 'pull_limit');
    assert.deepEqual([first.status, first.retryAfter], [429, 60]);
    for (let count = 0; count < 99; count++) {
      const error = await assertFails(upstream.getManifest(alpine, latest), 'pull_limit');
      assert.deepEqual([error.status, error.retryAfter], [undefined, 60]);
    }
    assert.equal(gets(429), 2);
  });

  test('leaves HEAD and blobs to the account', async (t) => {
    const { hub, upstream } = await openTwo(t, { accounts: [account(mona)] });
    hub.setRemaining('mona', 0);
    await assertFails(upstream.getManifest(alpine, latest), 'pull_limit');
    assert.ok(await upstream.headManifest(alpine, latest));
    const { signal } = new AbortController();
    const blob = await upstream.getBlob(alpine, image.config.digest, 0, signal);
    assert.ok(blob);
    await blob.body.toArray();
  });

  test('goes through again as soon as a HEAD shows pulls', async (t) => {
    const { hub, upstream, observer } = await openTwo(t, { accounts: [account(mona)] });
    hub.setRemaining('mona', 0);
    await assertFails(upstream.getManifest(alpine, latest), 'pull_limit');
    hub.setRemaining('mona', 10);
    await upstream.headManifest(alpine, latest);
    assert.ok(await upstream.getManifest(alpine, latest));
    assert.deepEqual(observer.of('back'), ['back hub.test mona']);
  });

  test('goes on anonymously where the operator wants that', async (t) => {
    const { hub, upstream, gets } = await openTwo(t, { anonymousFallback: true });
    hub.setRemaining('mona', 0);
    hub.setRemaining('lisa', 0);
    assert.ok(await upstream.getManifest(alpine, latest));
    assert.deepEqual([gets(429), gets(200)], [2, 1]);
  });
});

test('a last pull is spent, and the account then set aside without a 429', async (t) => {
  const { hub, upstream, gets } = await openTwo(t, { accounts: [account(mona)] });
  hub.setRemaining('mona', 1);
  assert.ok(await upstream.getManifest(alpine, latest));
  await assertFails(upstream.getManifest(alpine, latest), 'pull_limit');
  assert.deepEqual([gets(200), gets(429)], [1, 0]);
});

test('the abuse limit is of the address: no other account is tried, nor one set aside', async (t) => {
  const { hub, upstream, observer } = await openTwo(t);
  hub.fault({ at: 'manifest_get', throttle: 'abuse_limit' });
  await assertFails(upstream.getManifest(alpine, latest), 'abuse_limit');
  assert.equal(hub.count({ operation: 'manifest_get', status: 429 }), 1);
  assert.deepEqual(observer.of('aside'), []);
});

test('a throttled HEAD is never followed by a GET', async (t) => {
  const { hub, upstream } = await openTwo(t);
  hub.fault({ at: 'manifest_head', throttle: 'pull_limit' });
  await assertFails(upstream.headManifest(alpine, latest), 'pull_limit');
  assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  assert.equal(hub.count({ operation: 'manifest_head', status: 429 }), 2);
});

test('pulls are spread over the accounts by what is left to each', async (t) => {
  const { hub, upstream, gets } = await openTwo(t);
  hub.setRemaining('mona', 30);
  hub.setRemaining('lisa', 10);
  for (let count = 0; count < 20; count++) await upstream.getManifest(alpine, latest);
  assert.deepEqual([gets(200, 'mona'), gets(200, 'lisa')], [19, 1]);
});

test('a private repository that only the second account sees is found', async (t) => {
  const { hub, upstream } = await openTwo(t);
  hub.addImage('acme/secret', image, { tags: ['latest'], private: true, allowed: ['lisa'] });
  assert.ok(await upstream.headManifest(secret, latest));
  assert.ok(await upstream.getManifest(secret, latest));
});

test('a repository is not said to be gone while the account that sees it can not log in', async (t) => {
  const { hub, upstream } = await openTwo(t);
  hub.addImage('acme/secret', image, { tags: ['latest'], private: true, allowed: ['lisa'] });
  hub.removeAccount('lisa');
  await assertFails(upstream.headManifest(secret, latest), 'credentials_refused');
});

test('a missing repository is denied by every account', async (t) => {
  const { upstream } = await openTwo(t);
  const error = await rejection(upstream.headManifest(repository('library/none'), latest));
  assert.ok(error instanceof RegistryError && error.code === 'NAME_UNKNOWN', String(error));
});

test('below the reserve only essential repositories are fetched', async (t) => {
  const { hub, upstream, gets } = await openTwo(t, {
    accounts: [account(mona)],
    reserve: 10,
    essential: [parseGlob('library/alpine') ?? assert.fail()],
  });
  hub.addImage('library/busybox', image, { tags: ['latest'] });
  const busybox = repository('library/busybox');
  hub.setRemaining('mona', 12);
  assert.ok(await upstream.getManifest(busybox, latest));
  assert.ok(await upstream.getManifest(busybox, latest));
  const error = await assertFails(upstream.getManifest(busybox, latest), 'pull_limit');
  assert.equal(error.retryAfter, 21_600);
  assert.ok(await upstream.headManifest(busybox, latest));
  assert.ok(await upstream.getManifest(alpine, latest));
  assert.equal(gets(200), 3);
});

test('twenty pulls at once leave the reserve alone', async (t) => {
  const { hub, upstream, gets } = await openTwo(t, { accounts: [account(mona)], reserve: 10 });
  hub.setRemaining('mona', 15);
  await upstream.headManifest(alpine, latest);
  const asked = Array.from({ length: 20 }, () => upstream.getManifest(alpine, latest));
  await Promise.allSettled(asked);
  assert.equal(gets(200), 5);
});

test('a wrong password is tried once by many calls at once, whatever they want', async (t) => {
  const wrong = account({ ...mona, password: markedSecret('wrong') });
  const { hub, upstream } = await openTwo(t, { accounts: [wrong] });
  const names = Array.from({ length: 20 }, (_, index) => `library/image-${index}`);
  for (const name of names) hub.addImage(name, image, { tags: ['latest'] });
  const asked = names.map((name) => upstream.headManifest(repository(name), latest));
  for (const call of asked) await assertFails(call, 'credentials_refused');
  assert.equal(hub.count({ operation: 'token' }), 1);
});

test('a good password is used by many calls at once after its first log-in', async (t) => {
  const { hub, upstream } = await openTwo(t, { accounts: [account(mona)] });
  await upstream.headManifest(alpine, latest);
  const names = ['library/a', 'library/b', 'library/c'];
  for (const name of names) hub.addImage(name, image, { tags: ['latest'] });
  const held = hub.fault({ at: 'token', delayHeaders: 'hold' });
  const asked = names.map((name) => upstream.headManifest(repository(name), latest));
  await hub.waitFor({ operation: 'token' }, 4);
  held.release();
  assert.equal((await Promise.all(asked)).length, 3);
});

test('a refused account logs in again as soon as its secret is another one', async (t) => {
  let password = 'old';
  const changing = {
    ...account(mona),
    credential: () => Promise.resolve({ username: 'mona', secret: password }),
  };
  const { hub, upstream, observer } = await openTwo(t, { accounts: [changing] });
  await assertFails(upstream.headManifest(alpine, latest), 'credentials_refused');
  await assertFails(upstream.headManifest(alpine, latest), 'credentials_refused');
  assert.equal(hub.count({ operation: 'token' }), 1);
  password = mona.password;
  assert.ok(await upstream.headManifest(alpine, latest));
  assert.deepEqual(observer.of('back'), ['back hub.test mona']);
});

describe('an account whose token the registry does not take', () => {
  test('costs the call nothing while another one has access', async (t) => {
    const { hub, upstream } = await openTwo(t);
    assert.ok(await upstream.headManifest(alpine, latest));
    const challenge = `Bearer realm="${hub.tokenUrl}/token",service="s",error="invalid_token"`;
    const refused = hub.fault({
      at: 'manifest_head',
      status: 401,
      headers: { 'www-authenticate': challenge },
      times: 2,
    });
    assert.ok(await upstream.headManifest(alpine, latest));
    assert.equal(refused.hits, 2);
  });

  test('is what the call fails with when there is none', async (t) => {
    const { hub, upstream } = await openTwo(t);
    const challenge = `Bearer realm="${hub.tokenUrl}/token",service="s",error="invalid_token"`;
    hub.fault({ at: 'manifest_head', status: 401, headers: { 'www-authenticate': challenge } });
    await assertFails(upstream.headManifest(alpine, latest), 'credentials_refused');
  });
});

test('a page of HTML with 403 at the token service says nothing about a repository', async (t) => {
  const { hub, upstream } = await openTwo(t);
  const headers = { 'content-type': 'text/html' };
  hub.fault({ at: 'token', status: 403, body: '<html>Attention required</html>', headers });
  await assertFails(upstream.headManifest(alpine, latest), 'server_error');
});
