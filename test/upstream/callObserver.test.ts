import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamObserver } from '../../src/upstream/upstreamObserver.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { paidAccount, personalAccount } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { recordingObserver } from './recordingObserver.ts';
import { account, openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const image = buildImage();
const { signal } = new AbortController();

async function startAlpine(t: Lifetime): Promise<ScriptedHub> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  return hub;
}

function reading(remaining: number): string {
  return `rate hub.test anonymous {"limit":100,"remaining":${remaining},"windowSeconds":21600}`;
}

test('every exchange is counted by operation and status, a followed redirect once', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub);
  await upstream.headManifest(alpine, latest);
  await upstream.getManifest(alpine, reference('missing'));
  await (await upstream.getBlob(alpine, image.config.digest, 0, signal))?.body.toArray();
  await upstream.hasBlob(alpine, image.config.digest);
  await upstream.listTags(alpine, '');
  await upstream.listReferrers(alpine, image.manifest.digest, '');
  assert.deepEqual(observer.of('exchanged'), [
    'exchanged hub.test manifest_head 401',
    'exchanged hub.test token 2xx',
    'exchanged hub.test manifest_head 2xx',
    'exchanged hub.test manifest_get 404',
    'exchanged hub.test blob_get 2xx',
    'exchanged hub.test blob_get 2xx',
    'exchanged hub.test tags 2xx',
    'exchanged hub.test referrers 2xx',
  ]);
});

test('every answer is measured, from its request on, and what got none is not', async (t) => {
  const clock = manualClock();
  const hub = await startAlpine(t);
  const measured: string[] = [];
  const observer: UpstreamObserver = {
    ...recordingObserver(),
    answered: (_upstream, operation, milliseconds) => measured.push(`${operation} ${milliseconds}`),
  };
  const { upstream } = openHub(t, hub, { observer, now: clock });
  await upstream.headManifest(alpine, latest);
  const held = hub.fault({ at: 'tags', delayHeaders: 'hold' });
  hub.fault({ at: 'referrers', refuse: 'fin' });
  const asked = upstream.listTags(alpine, '');
  await hub.waitFor({ operation: 'tags' });
  clock.advance(250);
  held.release();
  await asked;
  await rejection(upstream.listReferrers(alpine, image.manifest.digest, ''));
  assert.deepEqual(measured, ['manifest_head 0', 'token 0', 'manifest_head 0', 'tags 250']);
});

test('an exchange without an answer is counted as an error, and so is its repeat', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub);
  hub.fault({ at: ['token', 'tags'], refuse: 'fin' });
  await rejection(upstream.headManifest(alpine, latest));
  await rejection(upstream.listTags(alpine, ''));
  assert.deepEqual(observer.of('exchanged').slice(1), [
    'exchanged hub.test token error',
    'exchanged hub.test token error',
    'exchanged hub.test tags error',
    'exchanged hub.test tags error',
  ]);
});

test('a manifest GET is a pull of its account, which a HEAD or one that was not let in is not', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub, { accounts: [account(personalAccount)] });
  await upstream.getManifest(alpine, latest);
  await upstream.headManifest(alpine, latest);
  assert.deepEqual(observer.of('pull'), [`pull hub.test ${personalAccount.username}`]);
  assert.equal(hub.count({ operation: 'manifest_get' }), 2);
});

test('a manifest GET that got no answer may have been counted, and counts as does its repeat', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub);
  await upstream.headManifest(alpine, latest);
  hub.fault({ at: 'manifest_get', refuse: 'fin', times: 1 });
  assert.ok(await upstream.getManifest(alpine, latest));
  assert.deepEqual(observer.of('pull'), ['pull hub.test anonymous', 'pull hub.test anonymous']);
});

test('the quota is read from HEAD and GET, and from the 429', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub);
  hub.setRemaining('anonymous', 2);
  await upstream.getManifest(alpine, latest);
  await upstream.headManifest(alpine, latest);
  hub.setRemaining('anonymous', 0);
  await rejection(upstream.getManifest(alpine, latest));
  assert.deepEqual(observer.of('rate'), [reading(1), reading(1), reading(0)]);
  assert.deepEqual(observer.of('throttled'), ['throttled hub.test anonymous pull_limit']);
});

test('an account without a limit has no quota in its answers', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub, { accounts: [account(paidAccount)] });
  await upstream.headManifest(alpine, latest);
  assert.deepEqual(observer.of('rate'), [`rate hub.test ${paidAccount.username} none`]);
});

test('what answers elsewhere, or with a failure, says nothing about the quota', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub);
  const far = await startHub(t, { auth: 'none' });
  far.addImage('library/alpine', image, { tags: ['latest'] });
  const redirectTo = `${far.registryUrl}/v2/library/alpine/manifests/latest`;
  hub.fault({ at: 'manifest_head', redirectTo });
  hub.fault({ at: 'manifest_get', status: 503 });
  await upstream.headManifest(alpine, latest);
  await rejection(upstream.getManifest(alpine, latest));
  assert.deepEqual(observer.of('rate'), []);
});

test('both ways of the abuse limit are reported as throttled', async (t) => {
  const hub = await startAlpine(t);
  const clock = manualClock();
  const { upstream, observer } = openHub(t, hub, { now: clock });
  hub.fault({ at: 'manifest_head', throttle: 'abuse_limit', times: 1 });
  hub.fault({ at: 'manifest_get', throttle: 'abuse_limit_bare_lf' });
  await rejection(upstream.headManifest(alpine, latest));
  clock.advance(60_000);
  await rejection(upstream.getManifest(alpine, latest));
  const throttled = 'throttled hub.test anonymous abuse_limit';
  assert.deepEqual(observer.of('throttled'), [throttled, throttled]);
});

test('a call that its caller gave up is no failed exchange', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'blob_redirect', delayHeaders: 'hold' });
  const { upstream, observer } = openHub(t, hub);
  const controller = new AbortController();
  const asked = upstream.getBlob(alpine, image.config.digest, 0, controller.signal);
  await hub.waitFor({ operation: 'blob_get' });
  controller.abort(new UpstreamError('hub.test', 'unreachable', 'left'));
  assert.match(String(await rejection(asked)), /left/);
  assert.deepEqual(observer.events, []);
});
