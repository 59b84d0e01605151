import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { buildImage } from '../images.ts';
import { exchangeRaw } from '../rawSocket.ts';
import { faultStages, type FaultStage } from './faults.ts';
import { plainClient, type PlainReply } from './plainClient.ts';
import { startHub } from './scriptedHub.ts';

const image = buildImage();
const layer = image.layers[0]?.digest ?? '';

/** A Hub and a way to reach each stage of a pull from it. */
async function stagedHub(t: TestContext) {
  const hub = await startHub(t);
  hub.addImage('library/alpine', image, { tags: ['3.20'] });
  const { pull, token, fetch } = plainClient(hub);
  const manifest = '/v2/library/alpine/manifests/3.20';
  const blob = `/v2/library/alpine/blobs/${layer}`;
  const reach: Record<FaultStage, () => Promise<PlainReply>> = {
    token: () => token('library/alpine'),
    ping: () => pull('/v2/'),
    manifest_head: () => pull(manifest, { method: 'HEAD' }),
    manifest_get: () => pull(manifest),
    blob_head: () => pull(blob, { method: 'HEAD' }),
    blob_redirect: () => pull(blob),
    blob_body: async () => fetch((await pull(blob)).headers['location'] ?? ''),
    tags: () => pull('/v2/library/alpine/tags/list'),
    referrers: () => pull(`/v2/library/alpine/referrers/${image.manifest.digest}`),
  };
  return { hub, reach };
}

for (const stage of faultStages) {
  test(`${stage} can be made to answer with any failure, and goes well again afterwards`, async (t) => {
    const { hub, reach } = await stagedHub(t);
    const sound = (await reach[stage]()).status;
    for (const status of [400, 401, 403, 404, 408, 429, 500, 502, 503, 504]) {
      const fault = hub.fault({ at: stage, status, times: 1 });
      assert.equal((await reach[stage]()).status, status);
      assert.equal(fault.hits, 1);
    }
    assert.equal((await reach[stage]()).status, sound);
  });
}

describe('a faulty answer', () => {
  test('of 401 carries the challenge that the registry gives to a bad token', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'manifest_get', status: 401 });
    const challenge = (await reach.manifest_get()).headers['www-authenticate'] ?? '';
    assert.match(challenge, /^Bearer realm=.*,error="invalid_token"$/);
  });

  test('can have other headers and another body', async (t) => {
    const { hub, reach } = await stagedHub(t);
    const headers = { 'retry-after': '7', 'content-type': 'text/plain' };
    hub.fault({ at: 'manifest_get', status: 503, headers, body: 'in a minute' });
    const reply = await reach.manifest_get();
    assert.equal(reply.headers['retry-after'], '7');
    assert.equal(reply.headers['content-type'], 'text/plain');
    assert.equal(reply.text, 'in a minute');
  });

  test('can lack a header', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'manifest_head', headers: { 'docker-content-digest': '' } });
    const { status, headers } = await reach.manifest_head();
    assert.equal(status, 200);
    assert.equal(headers['docker-content-digest'], undefined);
  });

  test('can differ in what its JSON says', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'token', editJson: (value) => ({ token: value['token'], expires_in: 5 }) });
    const reply = (await reach.token()).json() as Record<string, unknown>;
    assert.deepEqual(Object.keys(reply), ['token', 'expires_in']);
  });

  test('can be a page of HTML', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'blob_body', html: true });
    const { status, headers, text } = await reach.blob_body();
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.match(text, /^<!DOCTYPE html>/);
  });

  test('can send the client elsewhere', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'manifest_get', redirectTo: 'https://elsewhere.example/' });
    const { status, headers } = await reach.manifest_get();
    assert.equal(status, 307);
    assert.equal(headers['location'], 'https://elsewhere.example/');
  });

  test('can be an address that has expired, or be found to be one', async (t) => {
    const { hub, reach } = await stagedHub(t);
    for (const at of ['blob_redirect', 'blob_body'] as const) {
      hub.fault({ at, expireSignature: true, times: 1 });
      assert.equal((await reach.blob_body()).status, 403);
      assert.equal((await reach.blob_body()).status, 200);
    }
  });

  test('can be either 429: the pull limit without Retry-After, the abuse limit with it', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'manifest_get', throttle: 'pull_limit', times: 1 });
    const pullLimit = await reach.manifest_get();
    assert.equal(pullLimit.status, 429);
    assert.match(pullLimit.text, /TOOMANYREQUESTS/);
    assert.equal(pullLimit.headers['ratelimit-remaining'], '0;w=21600');
    assert.equal(pullLimit.headers['retry-after'], undefined);
    hub.fault({ at: 'manifest_get', throttle: 'abuse_limit', times: 1 });
    const abuseLimit = await reach.manifest_get();
    assert.equal(abuseLimit.status, 429);
    assert.equal(abuseLimit.headers['content-type'], 'text/plain');
    assert.equal(abuseLimit.headers['retry-after'], '60');
  });

  test('can be a 429 whose lines end in a bare LF, which undici takes for no HTTP', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'ping', throttle: 'abuse_limit_bare_lf' });
    await assert.rejects(reach.ping(), { name: 'HTTPParserError' });
    const port = Number(new URL(hub.registryUrl).port);
    const raw = await exchangeRaw({ port, bytes: 'GET /v2/ HTTP/1.1\r\nHost: hub\r\n\r\n' });
    assert.match(
      raw.bytes.toString(),
      /^HTTP\/1.1 429 Too Many Requests\nContent-Type: text\/plain\n/,
    );
    assert.equal(raw.bytes.includes('\r'), false);
    assert.equal(raw.end, 'fin');
  });

  test('can be none at all', async (t) => {
    const { hub } = await stagedHub(t);
    const port = Number(new URL(hub.registryUrl).port);
    for (const end of ['fin', 'reset'] as const) {
      hub.fault({ at: 'ping', refuse: end, times: 1 });
      const raw = await exchangeRaw({ port, bytes: 'GET /v2/ HTTP/1.1\r\nHost: hub\r\n\r\n' });
      assert.deepEqual(raw, { bytes: Buffer.alloc(0), end });
    }
  });

  test('can be held until it is released', async (t) => {
    const { hub, reach } = await stagedHub(t);
    const held = hub.fault({ at: 'tags', delayHeaders: 'hold' });
    const reply = reach.tags();
    await hub.waitFor({ operation: 'tags' });
    await reach.ping();
    assert.equal(hub.count({ operation: 'tags', outcome: 'open' }), 1);
    held.release();
    assert.equal((await reply).status, 200);
  });

  test('can be late', async (t) => {
    const { hub, reach } = await stagedHub(t);
    hub.fault({ at: 'tags', delayHeaders: 5 });
    assert.equal((await reach.tags()).status, 200);
  });
});
