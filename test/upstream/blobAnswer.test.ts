import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { blobBytes, fixedBlob, generatedBlob } from '../support/blobContent.ts';
import type { HubSettings } from '../support/hub/hubSettings.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { openHub, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const layer = generatedBlob({ size: 1_000_000, seed: 'layer' });
const empty = fixedBlob('');
const image = buildImage({ layers: [layer, empty] });
const bytes = blobBytes(layer);
const { signal } = new AbortController();

async function startAlpine(t: Lifetime, settings?: Partial<HubSettings>): Promise<ScriptedHub> {
  const hub = await startHub(t, settings);
  hub.addImage('library/alpine', image);
  return hub;
}

for (const blobs of ['redirect', 'inline'] as const) {
  test(`a blob comes whole, with its size, where blobs are served by ${blobs}`, async (t) => {
    const hub = await startAlpine(t, { blobs });
    const { upstream } = openHub(t, hub);
    const blob = await upstream.getBlob(alpine, layer.digest, 0, signal);
    assert.deepEqual([blob?.offset, blob?.size], [0, layer.size]);
    assert.deepEqual(Buffer.concat((await blob?.body.toArray()) ?? []), bytes);
    assert.ok(hub.requests.every(({ headers }) => headers.range === undefined));
  });

  test(`a blob comes from an offset where blobs are served by ${blobs}`, async (t) => {
    const hub = await startAlpine(t, { blobs });
    const { upstream } = openHub(t, hub);
    const blob = await upstream.getBlob(alpine, layer.digest, 999_000, signal);
    assert.deepEqual([blob?.offset, blob?.size], [999_000, layer.size]);
    assert.deepEqual(Buffer.concat((await blob?.body.toArray()) ?? []), bytes.subarray(999_000));
    assert.equal(hub.requests.at(-1)?.headers.range, 'bytes=999000-');
  });
}

test('a blob that comes whole although a range was asked for says so', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'blob_body', ignoreRange: true });
  const { upstream } = openHub(t, hub);
  const blob = await upstream.getBlob(alpine, layer.digest, 500, signal);
  assert.deepEqual([blob?.offset, blob?.size], [0, layer.size]);
  blob?.body.destroy();
});

const wrongRanges = ['bytes 400-999999/1000000', 'bytes 501-999999/1000000', 'nonsense', ''];

for (const range of wrongRanges) {
  test(`a range that was not asked for is refused: "${range}"`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'blob_body', headers: { 'content-range': range } });
    const { upstream } = openHub(t, hub);
    const error = await rejection(upstream.getBlob(alpine, layer.digest, 500, signal));
    assert.ok(error instanceof UpstreamError);
    assert.equal(error.failure, 'server_error');
  });
}

test('a range beyond the end is a server error', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  const error = await rejection(upstream.getBlob(alpine, layer.digest, layer.size, signal));
  assert.ok(error instanceof UpstreamError);
  assert.deepEqual([error.failure, error.status], ['server_error', 416]);
});

test('a blob whose length nobody says has no size', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'blob_body', headers: { 'content-length': '' } });
  const { upstream } = openHub(t, hub);
  const blob = await upstream.getBlob(alpine, layer.digest, 0, signal);
  assert.equal(blob !== undefined && 'size' in blob, false);
  assert.equal(Buffer.concat((await blob?.body.toArray()) ?? []).length, layer.size);
});

test('a body that breaks off fails, and one that is destroyed does so quietly', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'blob_body', cutAfter: 100_000, times: 1 });
  const { upstream } = openHub(t, hub);
  const cut = await upstream.getBlob(alpine, layer.digest, 0, signal);
  assert.ok((await rejection(cut?.body.toArray() ?? Promise.resolve())) instanceof Error);
  const destroyed = await upstream.getBlob(alpine, layer.digest, 0, signal);
  assert.ok(destroyed !== undefined);
  await new Promise((resolve) => destroyed.body.once('data', resolve));
  destroyed.body.pause();
  await new Promise((resolve) => {
    setImmediate(() => destroyed.body.destroy().once('close', resolve));
  });
});

test('the signal ends a transfer while it runs, and nothing is thought ill of the upstream', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'blob_body', stallAfter: 1000 });
  const { upstream, observer } = openHub(t, hub);
  const controller = new AbortController();
  const blob = await upstream.getBlob(alpine, layer.digest, 0, controller.signal);
  assert.ok(blob !== undefined);
  const ended = new Promise((resolve) => blob.body.resume().once('close', resolve));
  controller.abort();
  await ended;
  assert.equal(blob.body.readableAborted, true);
  assert.deepEqual(observer.of('reachable'), ['reachable hub.test true']);
});

test('the time for an answer does not bound the transfer itself', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  const held = hub.fault({ at: 'blob_body', stallAfter: 1000 });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const blob = await upstream.getBlob(alpine, layer.digest, 0, signal);
  t.mock.timers.tick(20_000);
  held.release();
  assert.equal(Buffer.concat((await blob?.body.toArray()) ?? []).length, layer.size);
});

test('whether a blob is there costs one byte of where the registry redirects to', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  assert.equal(await upstream.hasBlob(alpine, layer.digest), true);
  await hub.idle();
  assert.deepEqual(
    hub.requests.filter(({ origin }) => origin === 'cdn').map(({ bytesSent }) => bytesSent),
    [1],
  );
  assert.equal(hub.count({ method: 'HEAD' }), 0);
});

for (const [fault, answer] of [
  [{ status: 404 }, 'does not have it'],
  [{ status: 403 }, 'does not say what it lacks'],
  [{ html: true }, 'is a captive portal'],
] as const) {
  test(`a redirect proves nothing: the blob is not there where the target ${answer}`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'blob_body', ...fault });
    const { upstream } = openHub(t, hub);
    assert.equal(await upstream.hasBlob(alpine, layer.digest), false);
  });
}

test('whether a blob is there costs one byte where the registry serves it itself', async (t) => {
  const hub = await startAlpine(t, { blobs: 'inline' });
  const { upstream } = openHub(t, hub);
  assert.equal(await upstream.hasBlob(alpine, layer.digest), true);
  await hub.idle();
  const request = hub.requests.find(({ status }) => status === 206);
  assert.equal(request?.bytesSent, 1);
});

test('an empty blob is there although it has no first byte', async (t) => {
  const hub = await startAlpine(t, { blobs: 'inline' });
  const { upstream } = openHub(t, hub);
  assert.equal(await upstream.hasBlob(alpine, empty.digest), true);
});
