import assert from 'node:assert/strict';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { smallDisk, whySkipped } from '../store/smallDisk.ts';
import { blobBytes, generatedBlob } from '../support/blobContent.ts';
import { buildImage } from '../support/images.ts';
import { lastFirst } from '../support/lifetime.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { ask, blobPath, filled, pullBlob, pullImage } from './pulls.ts';
import { startScene, timesObserved, type Scene, type SceneOptions } from './scene.ts';

const repository = 'library/alpine';
const mebibyte = 1024 * 1024;
const skip = whySkipped;

/** A scene whose mirror keeps its things on a disk of 8 MiB. */
async function startOnSmallDisk(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const lifetime = lastFirst(t);
  const directory = await smallDisk(lifetime);
  return startScene(lifetime, { ...options, directory });
}

/** Takes all room that is left, and says how to give it back. */
async function fillUp({ mirror }: Scene): Promise<() => Promise<void>> {
  const path = join(mirror.directory, 'ballast');
  const file = await open(path, 'w');
  try {
    for (let size = mebibyte; size >= 1;) {
      const written = await file.write(Buffer.alloc(size)).catch(() => undefined);
      if (written === undefined) size = Math.floor(size / 2);
    }
  } finally {
    await file.close();
  }
  return () => rm(path);
}

function layerOf(size: number, seed = 'a layer') {
  return generatedBlob({ size, seed });
}

test('a blob larger than the disk is pulled, whole and in ranges', { skip }, async (t) => {
  const scene = await startOnSmallDisk(t);
  const large = layerOf(12 * mebibyte);
  scene.hub.addImage(repository, buildImage({ layers: [large] }), { tags: ['3.20'] });
  await pullBlob(scene.mirror, repository, large);
  const headers = { range: `bytes=${10 * mebibyte}-` };
  const part = await ask(scene.mirror, blobPath(repository, large.digest), { headers });
  assert.equal(part.status, 206);
  assert.ok(part.bytes.equals(blobBytes(large).subarray(10 * mebibyte)));
});

test('older blobs make room for newer ones', { skip }, async (t) => {
  const scene = await startOnSmallDisk(t);
  const layers = ['one', 'two', 'three', 'four'].map((seed) => layerOf(3 * mebibyte, seed));
  scene.hub.addImage(repository, buildImage({ layers }), { tags: ['3.20'] });
  for (const layer of layers) {
    await pullBlob(scene.mirror, repository, layer);
    await filled(scene.mirror, layer.digest);
  }
  const { blobs } = scene.mirror.store;
  assert.deepEqual(
    layers.map(({ digest }) => blobs.describe(digest) !== undefined),
    [false, false, true, true],
  );
  assert.equal(timesObserved(scene.mirror, 'evicted'), 2);
});

test('the room that is to be left alone stays free', { skip }, async (t) => {
  const minFree = 4 * mebibyte;
  const scene = await startOnSmallDisk(t, { minFree });
  const layers = ['one', 'two', 'three', 'four'].map((seed) => layerOf(1_200_000, seed));
  const large = layerOf(5 * mebibyte);
  scene.hub.addImage(repository, buildImage({ layers: [...layers, large] }), { tags: ['3.20'] });
  for (const layer of [...layers, large]) {
    await pullBlob(scene.mirror, repository, layer);
    await filled(scene.mirror, layer.digest);
    // The catalog takes a little of it, which is not known beforehand.
    assert.ok((await scene.mirror.store.blobs.freeBytes()) > minFree - mebibyte / 2);
  }
  assert.equal(scene.mirror.store.blobs.describe(large.digest), undefined);
});

test('readers get all of a blob under which the disk runs full', { skip }, async (t) => {
  const scene = await startOnSmallDisk(t);
  const { hub, mirror } = scene;
  const layer = layerOf(4 * mebibyte);
  hub.addImage(repository, buildImage({ layers: [layer] }), { tags: ['3.20'] });
  const stall = hub.fault({ at: 'blob_body', stallAfter: mebibyte, times: 1 });
  const client = await openRawConnection(mirror.port);
  const head = `GET ${blobPath(repository, layer.digest)} HTTP/1.1\r\nHost: mirror\r\n`;
  client.send(`${head}Connection: close\r\n\r\n`);
  while (client.received().length < mebibyte / 2) await once(client.socket, 'data');
  await fillUp(scene);
  stall.release();
  assert.equal(await client.ended, 'fin');
  const wire = client.received();
  assert.ok(wire.subarray(wire.indexOf('\r\n\r\n') + 4).equals(blobBytes(layer)));
  await filled(mirror, layer.digest);
  assert.equal(mirror.store.blobs.describe(layer.digest), undefined);
});

test(
  'an image is pulled through a disk without a single free byte, and kept once there is room',
  { skip },
  async (t) => {
    const scene = await startOnSmallDisk(t);
    const { hub, mirror } = scene;
    const giveBack = await fillUp(scene);
    const image = buildImage({ layers: [layerOf(mebibyte)] });
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    await pullImage(mirror, repository, '3.20', image);
    await giveBack();
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    await pullImage(mirror, repository, '3.20', image);
    assert.deepEqual(hub.requests, []);
  },
);
