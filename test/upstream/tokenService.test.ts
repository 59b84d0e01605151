import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';
import { paidAccount } from '../support/hub/accounts.ts';
import type { Fault } from '../support/hub/faults.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { account, openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');

async function startAlpine(t: Lifetime): Promise<ScriptedHub> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', buildImage(), { tags: ['latest'] });
  return hub;
}

test('a token is asked for with the service, the scope to pull, and nothing of the client', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  await upstream.headManifest(alpine, latest);
  const request = hub.requests.find(({ operation }) => operation === 'token');
  assert.deepEqual(
    [...(request?.query ?? [])],
    [
      ['service', 'registry.docker.io'],
      ['scope', 'repository:library/alpine:pull'],
    ],
  );
  assert.equal(request?.headers.authorization, undefined);
  assert.equal(request?.method, 'GET');
});

const failures: [string, Omit<Fault, 'at'>, UpstreamFailure][] = [
  ['500', { status: 500 }, 'server_error'],
  ['502 from a gateway', { status: 502 }, 'server_error'],
  ['404', { status: 404 }, 'server_error'],
  ['a page of a captive portal', { html: true }, 'server_error'],
  ['JSON without a token', { body: '{}' }, 'server_error'],
  ['an endless body', { body: `{"token":"${'x'.repeat(1024 * 1024)}"}` }, 'server_error'],
  ['a broken connection', { refuse: 'fin' }, 'unreachable'],
  ['a body that breaks off', { cutAfter: 100 }, 'unreachable'],
  ['the pull limit', { throttle: 'pull_limit' }, 'pull_limit'],
  ['the abuse limit', { throttle: 'abuse_limit' }, 'abuse_limit'],
  ['the abuse limit in bare LF', { throttle: 'abuse_limit_bare_lf' }, 'abuse_limit'],
  ['a redirect to another origin', { redirectTo: 'http://127.0.0.1:1/' }, 'forbidden_address'],
];

for (const [name, fault, failure] of failures) {
  test(`a token service that answers with ${name} is a failure ${failure}`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'token', ...fault });
    const { upstream, observer } = openHub(t, hub, { accounts: [account(paidAccount)] });
    const error = await rejection(upstream.headManifest(alpine, latest));
    assert.ok(error instanceof UpstreamError, String(error));
    assert.equal(error.failure, failure);
    assert.doesNotMatch(error.message, /dckr/);
    assert.equal(observer.of('throttled').length, failure.endsWith('_limit') ? 1 : 0);
  });
}

for (const status of [401, 403]) {
  test(`a ${status} to an anonymous client denies the repository, as at ghcr.io`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'token', status });
    const { upstream } = openHub(t, hub);
    const error = await rejection(upstream.headManifest(alpine, latest));
    assert.ok(error instanceof RegistryError);
    assert.equal(error.code, 'NAME_UNKNOWN');
  });
}

test('one that is overloaded says when to come back', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'token', status: 503, headers: { 'retry-after': '7' } });
  const { upstream } = openHub(t, hub);
  const error = await rejection(upstream.headManifest(alpine, latest));
  assert.ok(error instanceof UpstreamError);
  assert.deepEqual([error.status, error.retryAfter], [503, 7]);
});

test('a 403 to an account denies the repository and says nothing about the log-in', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'token', status: 403, times: 1 });
  const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
  const error = await rejection(upstream.headManifest(alpine, latest));
  assert.ok(error instanceof RegistryError);
  assert.ok(await upstream.headManifest(alpine, latest));
});

test('one that does not answer in time is unreachable, and asked anew by the next call', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'token', delayHeaders: 'hold', times: 1 });
  const limits = { tokenTimeout: 30 };
  const clock = manualClock();
  const { upstream } = openHub(t, hub, { limits, now: clock });
  const error = await rejection(upstream.headManifest(alpine, latest));
  assert.ok(error instanceof UpstreamError);
  assert.equal(error.failure, 'unreachable');
  assert.match(error.message, /token for repository:library\/alpine:pull: no answer in time/);
  clock.advance(1000);
  assert.ok(await upstream.headManifest(alpine, latest));
});

test('a caller who leaves does not end the request that others wait for', async (t) => {
  const hub = await startAlpine(t);
  const held = hub.fault({ at: 'token', delayHeaders: 'hold', times: 1 });
  const { upstream } = openHub(t, hub);
  const controller = new AbortController();
  const { config } = buildImage();
  const leaving = upstream.getBlob(alpine, config.digest, 0, controller.signal);
  await hub.waitFor({ operation: 'token' });
  const staying = upstream.headManifest(alpine, latest);
  await hub.waitFor({ operation: 'manifest_head' });
  controller.abort();
  assert.equal(await rejection(leaving), controller.signal.reason);
  held.release();
  assert.ok(await staying);
  assert.equal(hub.count({ operation: 'token' }), 1);
});
