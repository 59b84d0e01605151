import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { paidAccount } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { eventually } from '../http/eventually.ts';
import { manualClock } from '../support/manualClock.ts';
import {
  account,
  openHub,
  openTestUpstream,
  reference,
  rejection,
  repository,
} from './testUpstream.ts';
import { startTinyServer } from './tinyServer.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const image = buildImage();

async function startAlpine(t: Lifetime): Promise<ScriptedHub> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  return hub;
}

test('an upstream that was never asked has not answered', async (t) => {
  const { upstream } = openTestUpstream(t, { url: 'http://127.0.0.1:1' });
  assert.equal(upstream.host, 'hub.test');
  assert.equal(upstream.lastAnswerAt, undefined);
});

test('an answer is remembered with its time, also that there is nothing', async (t) => {
  const clock = manualClock(5000);
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub, { now: clock });
  await upstream.headManifest(alpine, latest);
  assert.equal(upstream.lastAnswerAt, 5000);
  clock.advance(10);
  await upstream.headManifest(alpine, reference('missing'));
  assert.equal(upstream.lastAnswerAt, 5010);
  clock.advance(10);
  await rejection(upstream.headManifest(repository('library/missing'), latest));
  assert.equal(upstream.lastAnswerAt, 5020);
  assert.deepEqual(new Set(observer.of('reachable')), new Set(['reachable hub.test true']));
});

test('an upstream that fails is down until it answers again', async (t) => {
  const hub = await startAlpine(t);
  const { upstream, observer } = openHub(t, hub);
  await upstream.headManifest(alpine, latest);
  await hub.goDown('registry');
  await rejection(upstream.headManifest(alpine, latest));
  assert.equal(upstream.lastAnswerAt, undefined);
  await hub.comeUp('registry');
  await upstream.headManifest(alpine, latest);
  hub.fault({ at: 'manifest_head', status: 503 });
  await rejection(upstream.headManifest(alpine, latest));
  assert.equal(upstream.lastAnswerAt, undefined);
  assert.deepEqual(
    observer.of('reachable').map((event) => event.split(' ')[2]),
    ['true', 'false', 'true', 'false'],
  );
});

for (const way of ['fin', 'reset'] as const) {
  test(`an upstream whose idle connection ends (${way}) is not taken to be there`, async (t) => {
    const sockets: Socket[] = [];
    const server = await startTinyServer(t, ({ socket }, response) => {
      sockets.push(socket);
      response.writeHead(404, { 'content-length': 0 }).end();
    });
    const { upstream } = openTestUpstream(t, { url: server.url });
    await upstream.headManifest(alpine, latest);
    assert.notEqual(upstream.lastAnswerAt, undefined);
    if (way === 'fin') sockets[0]?.end();
    else sockets[0]?.resetAndDestroy();
    await eventually('its answer is forgotten', () => upstream.lastAnswerAt === undefined);
  });
}

test('a blob connection that is lost says nothing about the upstream', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'blob_body', cutAfter: 10 });
  const { upstream } = openHub(t, hub);
  const { signal } = new AbortController();
  const blob = await upstream.getBlob(alpine, image.layers[0]?.digest ?? assert.fail(), 0, signal);
  assert.ok(blob);
  await rejection(blob.body.toArray());
  assert.notEqual(upstream.lastAnswerAt, undefined);
});

for (const [throttle, answeredAt, after] of [
  ['pull_limit', 5000, 'blobs can still be had'],
  ['abuse_limit', undefined, 'nothing can be had now'],
] as const) {
  test(`an upstream that throttles with its ${throttle} is there, but ${after}`, async (t) => {
    const clock = manualClock(5000);
    const hub = await startAlpine(t);
    const { upstream, observer } = openHub(t, hub, { now: clock });
    await upstream.headManifest(alpine, latest);
    clock.advance(10);
    hub.fault({ at: 'manifest_get', throttle });
    await rejection(upstream.getManifest(alpine, latest));
    assert.equal(upstream.lastAnswerAt, answeredAt);
    assert.equal(observer.of('reachable').at(-1), 'reachable hub.test true');
  });
}

test('a registry that refuses our log-in is there, but can not be counted on', async (t) => {
  const hub = await startHub(t, { auth: 'basic' });
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
  await upstream.headManifest(alpine, latest);
  assert.notEqual(upstream.lastAnswerAt, undefined);
  hub.removeAccount(paidAccount.username);
  await rejection(upstream.headManifest(alpine, latest));
  assert.equal(upstream.lastAnswerAt, undefined);
});

test('accounts that are set aside say nothing about the upstream', async (t) => {
  const hub = await startAlpine(t);
  const accounts = [account({ ...paidAccount, password: 'old' })];
  const { upstream, observer } = openHub(t, hub, { accounts });
  await rejection(upstream.headManifest(alpine, latest));
  assert.deepEqual([upstream.lastAnswerAt, observer.of('reachable')], [undefined, []]);
});

for (const at of ['token', 'manifest_head'] as const) {
  test(`one deadline bounds a call: nothing at the step ${at}`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at, delayHeaders: 'hold', after: at === 'token' ? 0 : 1 });
    const { upstream } = openHub(t, hub, { limits: { callTimeout: 150 } });
    const error = await rejection(upstream.headManifest(alpine, latest));
    assert.ok(error instanceof UpstreamError);
    assert.equal(error.failure, 'unreachable');
    assert.match(error.message, /manifest latest of library\/alpine: no answer in time/);
  });
}

test('one deadline bounds the headers of a blob', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'blob_body', delayHeaders: 'hold' });
  const { upstream } = openHub(t, hub, { limits: { blobTimeout: 150 } });
  const { signal } = new AbortController();
  const error = await rejection(upstream.getBlob(alpine, image.config.digest, 0, signal));
  assert.ok(error instanceof UpstreamError);
  assert.equal(error.failure, 'unreachable');
});

test('no secret is in any error', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub, { accounts: [account(paidAccount)] });
  const { signal } = new AbortController();
  const errors: unknown[] = [];
  for (const at of ['token', 'manifest_head', 'blob_redirect', 'blob_body'] as const) {
    for (const effect of [
      { status: 500 },
      { refuse: 'reset' },
      { throttle: 'abuse_limit_bare_lf' },
    ] as const) {
      hub.revokeTokens();
      const fault = hub.fault({ at, ...effect });
      errors.push(
        await rejection(
          at.startsWith('blob')
            ? upstream.getBlob(alpine, image.config.digest, 0, signal)
            : openHub(t, hub, { accounts: [account(paidAccount)] }).upstream.headManifest(
                alpine,
                latest,
              ),
        ),
      );
      fault.clear();
    }
  }
  for (const error of errors) {
    assert.ok(error instanceof UpstreamError);
    assert.equal(error.cause, undefined);
    assert.doesNotMatch(String(error.stack), /dckr_|\?|Bearer|Basic/);
  }
});

test('a manifest is asked for over the connection that its HEAD came over', async (t) => {
  const sockets = new Set<Socket>();
  const { bytes, mediaType, digest } = image.manifest;
  const server = await startTinyServer(t, ({ socket }, response) => {
    sockets.add(socket);
    const size = { 'content-length': bytes.length, 'content-type': mediaType };
    response.writeHead(200, { ...size, 'docker-content-digest': digest }).end(bytes);
  });
  const { upstream } = openTestUpstream(t, { url: server.url });
  await upstream.headManifest(alpine, latest);
  await upstream.getManifest(alpine, latest);
  assert.equal(sockets.size, 1);
});
