import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlobWarming } from '../../../src/upkeep/warming/blobWarming.ts';
import { ImageSelector } from '../../../src/upkeep/imageSelector.ts';
import { startScene, type SceneOptions } from '../../mirror/scene.ts';
import { filled } from '../../mirror/pulls.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { buildImage } from '../../support/images.ts';
import type { Lifetime } from '../../support/lifetime.ts';

const mebibyte = 1024 * 1024;
const blob = generatedBlob({ size: 4 * mebibyte, seed: 'layer' });
const image = buildImage({ layers: [blob] });
const never = new AbortController().signal;

/** Two warmings of the same blob, under a repository each. */
async function start(t: Lifetime, options: SceneOptions = {}) {
  const scene = await startScene(t, options);
  const { mirror, store } = scene.mirror;
  const selector = new ImageSelector(mirror.upstreams);
  const parts = {
    mirror,
    selector,
    blobs: store.blobs,
    offline: options.offline ?? false,
    retryDelays: [0, 0],
    monotonicNow: () => performance.now(),
  };
  const [one, two] = ['acme/one', 'acme/two'].map((name) => {
    scene.hub.addImage(name, image, { tags: ['1'] });
    return new BlobWarming(parts, selector.name(name).repository, blob);
  });
  return { ...scene, one: one ?? assert.fail(), two: two ?? assert.fail() };
}

test('a blob is never asked for while the mirror is offline', async (t) => {
  const { hub, one } = await start(t, { offline: true });
  await assert.rejects(one.run(never), /set to be offline/);
  assert.deepEqual(hub.requests, []);
});

test('a blob that another repository lacks is asked for under this one', async (t) => {
  const { hub, mirror, one, two } = await start(t);
  hub.removeBlob('acme/one', blob.digest);
  const held = hub.fault({ at: 'blob_redirect', delayHeaders: 'hold', times: 1 });
  const first = assert.rejects(one.run(never), { code: 'BLOB_UNKNOWN' });
  await hub.waitFor({ operation: 'blob_get' });
  const second = two.run(never);
  held.release();
  await Promise.all([first, second]);
  assert.ok(mirror.store.blobs.describe(blob.digest) !== undefined);
});

test('a blob that is on its way for others is counted from now on', async (t) => {
  const { hub, mirror, one, two } = await start(t);
  const stalled = hub.fault({ at: 'blob_body', stallAfter: 3 * mebibyte });
  const first = one.run(never);
  await hub.waitFor(({ bytesSent }) => bytesSent >= 3 * mebibyte);
  const source = await mirror.mirror.fills.find(blob.digest)?.openSource();
  // A reader waits until the store has so much.
  await source?.read(Buffer.alloc(1), 2 * mebibyte);
  await source?.close();
  const second = two.run(never);
  stalled.release();
  await Promise.all([first, second]);
  assert.equal(one.fetched, blob.size);
  assert.ok(two.fetched <= 2 * mebibyte, `${two.fetched}`);
  assert.equal(two.length, blob.size);
});

test('a fill goes on when nobody waits for it any more', async (t) => {
  const { hub, mirror, one } = await start(t);
  const held = hub.fault({ at: 'blob_body', delayHeaders: 'hold' });
  const left = new AbortController();
  const waiting = one.run(left.signal);
  await hub.waitFor({ operation: 'cdn_get' });
  left.abort(new Error('left'));
  await assert.rejects(waiting, /left/);
  const fill = filled(mirror, blob.digest);
  held.release();
  await fill;
  assert.ok(one.isHeld);
});
