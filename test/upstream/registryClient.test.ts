import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { paidAccount, personalAccount } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import type { HubSettings } from '../support/hub/hubSettings.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { account, openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const image = buildImage();

async function startAlpine(t: Lifetime, settings?: Partial<HubSettings>): Promise<ScriptedHub> {
  const hub = await startHub(t, settings);
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  return hub;
}

function assertNameUnknown(error: unknown): void {
  assert.ok(error instanceof RegistryError, String(error));
  assert.equal(error.code, 'NAME_UNKNOWN');
}

function assertRefused(error: unknown): void {
  assert.ok(error instanceof UpstreamError, String(error));
  assert.equal(error.failure, 'credentials_refused');
}

describe('a registry with a token service', () => {
  test('is asked with one token by fifty calls at once', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    await Promise.all(Array.from({ length: 50 }, () => upstream.headManifest(alpine, latest)));
    assert.equal(hub.count({ operation: 'token' }), 1);
  });

  test('is asked at once with what it wanted before, for another repository too', async (t) => {
    const hub = await startAlpine(t);
    hub.addImage('library/busybox', image, { tags: ['latest'] });
    const { upstream } = openHub(t, hub);
    await upstream.headManifest(alpine, latest);
    await upstream.getManifest(alpine, latest);
    await upstream.headManifest(repository('library/busybox'), latest);
    const tokens = hub.requests.filter(({ operation }) => operation === 'token');
    assert.deepEqual(
      tokens.map(({ query }) => query.getAll('scope')),
      [['repository:library/alpine:pull'], ['repository:library/busybox:pull']],
    );
    assert.equal(hub.count({ status: 401 }), 1);
  });

  test('is asked with a new token before the old one expires', async (t) => {
    const clock = manualClock();
    const hub = await startAlpine(t, { clock });
    const { upstream } = openHub(t, hub, { now: clock });
    await upstream.headManifest(alpine, latest);
    clock.advance(269_000);
    await upstream.headManifest(alpine, latest);
    assert.equal(hub.count({ operation: 'token' }), 1);
    clock.advance(1000);
    await upstream.headManifest(alpine, latest);
    assert.equal(hub.count({ operation: 'token' }), 2);
    assert.equal(hub.count({ status: 401 }), 1);
  });

  test('gets a new token once when it says that the one it got is invalid', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    await upstream.headManifest(alpine, latest);
    hub.revokeTokens();
    assert.ok(await upstream.headManifest(alpine, latest));
    assert.equal(hub.count({ operation: 'token' }), 2);
  });

  test('that calls every token invalid refuses the credentials, after two of them', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_head', status: 401 });
    const { upstream } = openHub(t, hub);
    assertRefused(await rejection(upstream.headManifest(alpine, latest)));
    assert.equal(hub.count({ operation: 'token' }), 2);
    assert.equal(hub.count({ operation: 'manifest_head' }), 3);
  });

  test('says insufficient_scope to a fresh token for what is missing or private: NAME_UNKNOWN', async (t) => {
    const hub = await startAlpine(t);
    hub.addImage('acme/secret', image, { tags: ['latest'], private: true });
    const { upstream } = openHub(t, hub);
    for (const name of ['library/missing', 'acme/secret']) {
      hub.forget();
      assertNameUnknown(await rejection(upstream.headManifest(repository(name), latest)));
      assert.equal(hub.count({ operation: 'token' }), 1);
    }
  });

  test('is asked again with a fresh token before an old one is taken to deny a repository', async (t) => {
    const clock = manualClock();
    const hub = await startAlpine(t, { clock });
    const fresh = repository('library/fresh');
    const { upstream } = openHub(t, hub, { now: clock });
    assertNameUnknown(await rejection(upstream.headManifest(fresh, latest)));
    clock.advance(1000);
    hub.addImage('library/fresh', image, { tags: ['latest'] });
    assert.ok(await upstream.headManifest(fresh, latest));
  });

  test('that makes a repository private is believed at once, whatever token is held', async (t) => {
    const clock = manualClock();
    const hub = await startAlpine(t, { clock });
    const { upstream } = openHub(t, hub, { now: clock });
    await upstream.headManifest(alpine, latest);
    clock.advance(1000);
    hub.makePrivate('library/alpine');
    assertNameUnknown(await rejection(upstream.headManifest(alpine, latest)));
  });

  test('shows an account what is private to it', async (t) => {
    const hub = await startAlpine(t);
    const options = { private: true, allowed: [paidAccount.username], tags: ['latest'] };
    hub.addImage('acme/secret', image, options);
    const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
    assert.ok(await upstream.headManifest(repository('acme/secret'), latest));
    assert.equal(hub.count({ account: paidAccount.username, status: 200 }), 2);
  });

  test('never sees the password of an account, nor does the CDN see anything', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
    const { signal } = new AbortController();
    const blob = await upstream.getBlob(alpine, image.config.digest, 0, signal);
    await blob?.body.toArray();
    const schemes = hub.requests.map(({ origin, headers }) => [
      origin,
      headers.authorization?.split(' ')[0],
    ]);
    assert.deepEqual(schemes, [
      ['registry', undefined],
      ['token', 'Basic'],
      ['registry', 'Bearer'],
      ['cdn', undefined],
    ]);
  });

  test('is asked by the next account when the log-in of the first is refused', async (t) => {
    const hub = await startAlpine(t);
    const accounts = [account({ ...paidAccount, password: 'old' }), account(personalAccount)];
    const { upstream } = openHub(t, hub, { accounts });
    assert.ok(await upstream.headManifest(alpine, latest));
    assert.ok(await upstream.getManifest(alpine, latest));
    assert.equal(hub.count({ operation: 'token', account: paidAccount.username }), 1);
    assert.equal(hub.count({ operation: 'token', account: personalAccount.username }), 1);
  });

  test('is not asked to log in again and again with a password that it refused', async (t) => {
    const clock = manualClock();
    const hub = await startAlpine(t, { clock });
    const accounts = [account({ ...paidAccount, password: 'old' })];
    const { upstream } = openHub(t, hub, { accounts, now: clock });
    const calls = Array.from({ length: 20 }, () =>
      rejection(upstream.headManifest(alpine, latest)),
    );
    for (const error of await Promise.all(calls)) assertRefused(error);
    assert.equal(hub.count({ operation: 'token' }), 1);
    hub.forget();
    assertRefused(await rejection(upstream.headManifest(alpine, latest)));
    assert.equal(hub.requests.length, 0);
    clock.advance(60_000);
    assertRefused(await rejection(upstream.headManifest(alpine, latest)));
    assert.equal(hub.count({ operation: 'token' }), 1);
  });

  test('that accepts a log-in again has the next refusal count as a first one', async (t) => {
    const clock = manualClock();
    const hub = await startAlpine(t, { clock });
    const accounts = [account(paidAccount), account(personalAccount)];
    const { upstream } = openHub(t, hub, { accounts, now: clock });
    const askedAs = async (secondsLater: number): Promise<unknown> => {
      clock.advance(secondsLater * 1000);
      hub.forget();
      await upstream.headManifest(alpine, latest);
      return hub.requests.at(-1)?.account;
    };
    hub.removeAccount(paidAccount.username);
    assert.equal(await askedAs(300), personalAccount.username);
    hub.addAccount(paidAccount);
    assert.equal(await askedAs(300), paidAccount.username);
    hub.removeAccount(paidAccount.username);
    assert.equal(await askedAs(300), personalAccount.username);
    hub.addAccount(paidAccount);
    assert.equal(await askedAs(60), paidAccount.username);
  });

  test('on whose own 401 there is no challenge is asked for the one of /v2/', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_head', headers: { 'www-authenticate': '' }, times: 1 });
    const { upstream } = openHub(t, hub);
    assert.ok(await upstream.headManifest(alpine, latest));
    assert.equal(hub.count({ operation: 'ping' }), 1);
  });

  test('on whose own 401 there is no challenge is met with the remembered one', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    await upstream.headManifest(alpine, latest);
    hub.revokeTokens();
    hub.fault({ at: 'manifest_head', headers: { 'www-authenticate': '' }, times: 1 });
    assert.ok(await upstream.headManifest(alpine, latest));
    assert.equal(hub.count({ operation: 'ping' }), 0);
  });

  test('that names a token service on a foreign domain gets no credentials out of it', async (t) => {
    const hub = await startAlpine(t);
    const accounts = [account(paidAccount)];
    const { upstream } = openHub(t, hub, { accounts, trustedHosts: [] });
    const error = await rejection(upstream.headManifest(alpine, latest));
    assert.ok(error instanceof UpstreamError);
    assert.equal(error.failure, 'forbidden_address');
    assert.equal(hub.count({ origin: 'token' }), 0);
  });
});

describe('a registry with Basic', () => {
  test('gets the password of the account, after its first challenge without being asked', async (t) => {
    const hub = await startAlpine(t, { auth: 'basic' });
    const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
    await upstream.headManifest(alpine, latest);
    await upstream.getManifest(alpine, latest);
    assert.deepEqual(
      hub.requests.map(({ status }) => status),
      [401, 200, 200],
    );
    assert.equal(hub.count({ origin: 'token' }), 0);
  });

  test('does not send the password on with a redirect', async (t) => {
    const hub = await startAlpine(t, { auth: 'basic' });
    const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
    const { signal } = new AbortController();
    await (await upstream.getBlob(alpine, image.config.digest, 0, signal))?.body.toArray();
    const atCdn = hub.requests.find(({ origin }) => origin === 'cdn');
    assert.equal(atCdn?.status, 200);
    assert.equal(atCdn.headers.authorization, undefined);
  });

  test('that refuses the password is not asked with it again for a minute', async (t) => {
    const clock = manualClock();
    const hub = await startAlpine(t, { auth: 'basic', clock });
    const accounts = [account({ ...paidAccount, password: 'old' })];
    const { upstream } = openHub(t, hub, { accounts, now: clock });
    assertRefused(await rejection(upstream.headManifest(alpine, latest)));
    assertRefused(await rejection(upstream.headManifest(alpine, latest)));
    assert.equal(hub.requests.length, 2);
    clock.advance(60_000);
    assertRefused(await rejection(upstream.headManifest(alpine, latest)));
    assert.equal(hub.requests.length, 3);
  });

  test('that accepts a password again has the next refusal count as a first one', async (t) => {
    const clock = manualClock();
    const hub = await startAlpine(t, { auth: 'basic', clock });
    const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)], now: clock });
    for (let refusals = 0; refusals < 3; refusals++) {
      hub.removeAccount(paidAccount.username);
      assertRefused(await rejection(upstream.headManifest(alpine, latest)));
      hub.addAccount(paidAccount);
      clock.advance(60_000);
      assert.ok(await upstream.headManifest(alpine, latest));
    }
  });

  test('is asked by the next account when it refuses the first', async (t) => {
    const hub = await startAlpine(t, { auth: 'basic' });
    const accounts = [account({ ...paidAccount, password: 'old' }), account(personalAccount)];
    const { upstream } = openHub(t, hub, { accounts });
    assert.ok(await upstream.headManifest(alpine, latest));
  });

  test('refuses whoever has no account', async (t) => {
    const hub = await startAlpine(t, { auth: 'basic' });
    const { upstream } = openHub(t, hub);
    const error = await rejection(upstream.headManifest(alpine, latest));
    assert.ok(error instanceof UpstreamError);
    assert.equal(error.failure, 'credentials_required');
  });
});

describe('an open registry', () => {
  test('is asked without any log-in, even if there are accounts', async (t) => {
    const hub = await startAlpine(t, { auth: 'none' });
    const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
    assert.ok(await upstream.headManifest(alpine, latest));
    assert.equal(hub.requests.length, 1);
    assert.equal(hub.requests[0]?.headers.authorization, undefined);
  });
});
