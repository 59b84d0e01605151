import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdir, open, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Digest } from '../../src/registry/digest.ts';
import { failingDisk, whyNoFailingDisk } from '../store/failingDisk.ts';
import { blobBytes, generatedBlob } from '../support/blobContent.ts';
import { buildImage } from '../support/images.ts';
import { lastFirst, type Lifetime } from '../support/lifetime.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { blobPath, getBlob, manifestPath, ask, pullBlob, pullImage } from './pulls.ts';
import { layoutOf, startScene, timesObserved, type Scene } from './scene.ts';

const repository = 'library/alpine';
const mebibyte = 1024 * 1024;

/** An image whose layer is read from its file, as what is larger than 256 KiB is; config and manifest are read whole. */
const layer = generatedBlob({ size: 300_000, seed: 'a layer' });
const image = buildImage({ layers: [layer] });
const parts = { layer: layer.digest, config: image.config.digest, manifest: image.manifest.digest };

/** A mirror that holds the image, and has nothing of it in memory. */
async function startHolding(t: Lifetime): Promise<Scene> {
  const scene = await startScene(t, { memory: 0 });
  scene.hub.addImage(repository, image, { tags: ['3.20'] });
  await pullImage(scene.mirror, repository, '3.20', image);
  scene.hub.forget();
  return scene;
}

/** The image is pulled once more, and after that nothing of it has to be asked for again. */
async function assertHealed({ hub, mirror }: Scene): Promise<void> {
  await pullImage(mirror, repository, '3.20', image);
  hub.forget();
  await pullImage(mirror, repository, '3.20', image);
  assert.deepEqual(hub.requests, []);
}

function corruptEvictions({ mirror }: Scene): unknown[] {
  const evictions = mirror.observed.filter(({ what }) => what === 'evicted');
  return evictions.map(({ about }) => about[1]);
}

/** Changes one byte, as a program would; the size stays. */
async function alter(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.from([0]), 0, 1, 7);
  } finally {
    await file.close();
  }
}

const harms: Readonly<Record<string, (path: string) => Promise<void>>> = {
  altered: alter,
  cut: (path) => truncate(path, 20),
  emptied: (path) => truncate(path, 0),
  'made longer': (path) => writeFile(path, 'more', { flag: 'a' }),
  deleted: (path) => rm(path),
  'replaced by a directory': async (path) => {
    await rm(path);
    await mkdir(join(path, 'in it'), { recursive: true });
  },
  'replaced by a link that leads to itself': async (path) => {
    await rm(path);
    await symlink(path, path);
  },
};

for (const [part, digest] of Object.entries(parts)) {
  describe(`the file of a ${part}`, () => {
    for (const [how, harm] of Object.entries(harms)) {
      test(`that was ${how} is noticed, counted and fetched anew`, async (t) => {
        const scene = await startHolding(t);
        await harm(layoutOf(scene.mirror).blobFile(digest));
        await assertHealed(scene);
        assert.deepEqual(corruptEvictions(scene), ['corrupt']);
      });
    }
  });
}

for (const how of ['altered', 'replaced by a directory']) {
  test(`a file that was ${how} while no mirror ran is fetched anew`, async (t) => {
    const scene = await startHolding(t);
    await scene.mirror.stop();
    await harms[how]?.(layoutOf(scene.mirror).blobFile(layer.digest));
    const mirror = await scene.restart();
    await assertHealed({ ...scene, mirror });
  });
}

test('a large file that was only touched is served without asking anybody', async (t) => {
  const scene = await startHolding(t);
  const path = layoutOf(scene.mirror).blobFile(layer.digest);
  await copyFile(path, `${path}.copy`);
  await rm(path);
  await copyFile(`${path}.copy`, path);
  await pullBlob(scene.mirror, repository, layer);
  assert.deepEqual([scene.hub.requests, corruptEvictions(scene)], [[], []]);
  const entry = scene.mirror.store.blobs.describe(layer.digest);
  assert.equal(entry?.modifiedAt, (await stat(path)).mtimeMs);
});

test('many clients of a damaged file get the right bytes, which are fetched once', async (t) => {
  const scene = await startHolding(t);
  await alter(layoutOf(scene.mirror).blobFile(layer.digest));
  await Promise.all(Array.from({ length: 20 }, () => pullBlob(scene.mirror, repository, layer)));
  assert.equal(scene.hub.count({ operation: 'cdn_get', reference: layer.digest }), 1);
  assert.deepEqual(corruptEvictions(scene), ['corrupt']);
});

test('a damaged file whose blob the upstream can not give now is no answer', async (t) => {
  const scene = await startHolding(t);
  await alter(layoutOf(scene.mirror).blobFile(layer.digest));
  scene.hub.fault({ at: 'blob_redirect', status: 503 });
  const answer = await getBlob(scene.mirror, repository, layer.digest);
  assert.equal(answer.status, 503);
});

/** Puts a file on a disk that is about to fail in the place of a blob's, and has the mirror look at it. */
async function moveToFailingDisk(
  t: Lifetime,
  { mirror }: Scene,
  digest: Digest,
): Promise<(readable: number) => void> {
  const disk = failingDisk(t);
  const path = layoutOf(mirror).blobFile(digest);
  const target = join(disk.directory, 'blob');
  await copyFile(path, target);
  await rm(path);
  await symlink(target, path);
  assert.equal((await getBlob(mirror, repository, digest)).status, 200);
  return (readable) => disk.failReads(target, readable);
}

describe('a disk that fails to read', { skip: whyNoFailingDisk }, () => {
  for (const [part, digest] of Object.entries(parts)) {
    test(`costs a request upstream for the ${part}, and no pull`, async (t) => {
      const lifetime = lastFirst(t);
      const scene = await startHolding(lifetime);
      const fail = await moveToFailingDisk(lifetime, scene, digest);
      fail(0);
      await pullImage(scene.mirror, repository, '3.20', image);
      await assertHealed(scene);
      assert.deepEqual(corruptEvictions(scene), ['corrupt']);
    });
  }

  test('in the middle of an answer: the rest comes from the upstream', async (t) => {
    const lifetime = lastFirst(t);
    const scene = await startHolding(lifetime);
    const fail = await moveToFailingDisk(lifetime, scene, layer.digest);
    fail(4096);
    await pullBlob(scene.mirror, repository, layer);
    const rest = scene.hub.requests.find(({ operation }) => operation === 'cdn_get');
    assert.match(rest?.headers['range'] ?? '', /^bytes=[1-9]\d*-$/);
    assert.deepEqual(corruptEvictions(scene), ['corrupt']);
    await assertHealed(scene);
  });
});

test('a file that is cut while a client reads it: the rest comes from the upstream', async (t) => {
  const scene = await startScene(t);
  const large = generatedBlob({ size: 48 * mebibyte, seed: 'more than sockets hold' });
  scene.hub.addImage(repository, buildImage({ layers: [large] }), { tags: ['large'] });
  await pullBlob(scene.mirror, repository, large);
  await scene.mirror.mirror.fills.find(large.digest)?.finished;
  const client = await openRawConnection(scene.mirror.port);
  const head = `GET ${blobPath(repository, large.digest)} HTTP/1.1\r\nHost: mirror\r\n`;
  client.send(`${head}Connection: close\r\n\r\n`);
  await once(client.socket, 'data');
  client.socket.pause();
  await truncate(layoutOf(scene.mirror).blobFile(large.digest), 40 * mebibyte);
  client.socket.resume();
  assert.equal(await client.ended, 'fin');
  const wire = client.received();
  assert.ok(wire.subarray(wire.indexOf('\r\n\r\n') + 4).equals(blobBytes(large)));
  assert.equal(timesObserved(scene.mirror, 'evicted'), 1);
});

test('offline, a file that is cut while a client reads it ends short by FIN', async (t) => {
  const scene = await startScene(t);
  const large = generatedBlob({ size: 48 * mebibyte, seed: 'more than sockets hold' });
  const only = buildImage({ layers: [large] });
  scene.hub.addImage(repository, only, { tags: ['large'] });
  await pullImage(scene.mirror, repository, 'large', only);
  const mirror = await scene.restart({ offline: true });
  const client = await openRawConnection(mirror.port);
  const head = `GET ${blobPath(repository, large.digest)} HTTP/1.1\r\nHost: mirror\r\n`;
  client.send(`${head}Connection: close\r\n\r\n`);
  await once(client.socket, 'data');
  client.socket.pause();
  await truncate(layoutOf(mirror).blobFile(large.digest), 40 * mebibyte);
  client.socket.resume();
  assert.equal(await client.ended, 'fin');
  assert.ok(client.received().length < large.size);
  const manifest = await ask(mirror, manifestPath(repository, 'large'));
  assert.equal(manifest.status, 503);
});
