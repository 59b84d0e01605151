import assert from 'node:assert/strict';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { failingDisk, whyNoFailingDisk } from '../store/failingDisk.ts';
import { makeReadOnly, smallDisk, whySkipped } from '../store/smallDisk.ts';
import { generatedBlob } from '../support/blobContent.ts';
import { buildImage, type SingleImage } from '../support/images.ts';
import { lastFirst } from '../support/lifetime.ts';
import { getBlob, getManifest, pullImage } from './pulls.ts';
import { layoutOf, startScene, timesObserved, type Scene } from './scene.ts';

const repository = 'library/alpine';

/** An image with a layer that is read from its file. */
function imageOf(seed: string): SingleImage {
  return buildImage({ seed, layers: [generatedBlob({ size: 600_000, seed })] });
}

const held = imageOf('held');
const other = imageOf('other');

/** Pulls one image, and puts another one into the Hub. */
async function startHolding(...options: Parameters<typeof startScene>): Promise<Scene> {
  const scene = await startScene(...options);
  scene.hub.addImage(repository, held, { tags: ['held'] });
  scene.hub.addImage(repository, other, { tags: ['other'] });
  await pullImage(scene.mirror, repository, 'held', held);
  return scene;
}

async function pullBoth({ mirror }: Scene): Promise<void> {
  await pullImage(mirror, repository, 'held', held);
  await pullImage(mirror, repository, 'other', other);
}

/** Both images are pulled, and after that neither has to be asked for again. */
async function assertHealed(scene: Scene): Promise<void> {
  await pullBoth(scene);
  await assertHeld(scene);
}

async function assertHeld(scene: Scene): Promise<void> {
  scene.hub.forget();
  await pullBoth(scene);
  assert.deepEqual(scene.hub.requests, []);
}

test(
  'a disk that is made read-only while the mirror runs fails no pull, and is used again later',
  { skip: whySkipped },
  async (t) => {
    const lifetime = lastFirst(t);
    const directory = await smallDisk(lifetime);
    const scene = await startHolding(lifetime, { directory });
    const { blobs, incoming } = layoutOf(scene.mirror);
    const writable = [makeReadOnly(blobs), makeReadOnly(incoming)];
    await pullBoth(scene);
    await assert.rejects(scene.mirror.store.probe(), { code: 'EROFS' });
    for (const makeWritable of writable) makeWritable();
    await scene.mirror.store.probe();
    await assertHealed(scene);
  },
);

describe('a disk in which the kernel finds a fault', { skip: whyNoFailingDisk }, () => {
  test('and that it makes read-only with the catalog open: no pull fails', async (t) => {
    const lifetime = lastFirst(t);
    const disk = failingDisk(lifetime);
    const scene = await startHolding(lifetime, { directory: join(disk.directory, 'data') });
    disk.becomeReadOnly();
    scene.hub.forget();
    await pullImage(scene.mirror, repository, 'held', held);
    assert.deepEqual(scene.hub.requests, []);
    await pullBoth(scene);
    await pullBoth(scene);
    await assert.rejects(scene.mirror.store.probe(), { code: 'EROFS' });
    const failures = scene.mirror.observed.filter(({ what }) => what === 'failed');
    assert.ok(failures.some(({ about }) => /catalog/.test(String(about[0]))));
  });

  test('a repository that is gone stays gone though nothing can be noted', async (t) => {
    const lifetime = lastFirst(t);
    const disk = failingDisk(lifetime);
    const scene = await startHolding(lifetime, {
      directory: join(disk.directory, 'data'),
      tagFreshness: 0,
    });
    disk.becomeReadOnly();
    scene.hub.removeRepository(repository);
    assert.equal((await getManifest(scene.mirror, repository, 'held')).status, 404);
    const blob = held.layers[0] ?? assert.fail('it has a layer');
    assert.equal((await getBlob(scene.mirror, repository, blob.digest)).status, 404);
    assert.equal((await getManifest(scene.mirror, repository, held.manifest.digest)).status, 404);
  });
});

describe('a directory that is deleted while the mirror runs', () => {
  test('fails no pull, is not made anew, and is filled by the next process', async (t) => {
    const scene = await startHolding(t);
    const { directory } = scene.mirror;
    await rm(directory, { recursive: true });
    await pullBoth(scene);
    await pullBoth(scene);
    await assert.rejects(readdir(directory), { code: 'ENOENT' });
    await assert.rejects(scene.mirror.store.probe(), { code: 'ENOENT' });
    const mirror = await scene.restart();
    await assertHealed({ ...scene, mirror });
  });

  test('leaves what is in memory to be served while the upstream is down', async (t) => {
    const scene = await startHolding(t);
    const { config } = held;
    await getBlob(scene.mirror, repository, config.digest);
    await rm(scene.mirror.directory, { recursive: true });
    await scene.hub.goDown();
    assert.equal((await getBlob(scene.mirror, repository, config.digest)).status, 200);
  });

  test('and was moved back is used again', async (t) => {
    const scene = await startHolding(t);
    const { directory } = scene.mirror;
    await rename(directory, `${directory}.away`);
    await pullBoth(scene);
    await rename(`${directory}.away`, directory);
    await scene.mirror.store.probe();
    await assertHealed(scene);
  });

  for (const part of ['incoming', 'blobs'] as const) {
    test(`in part (${part}): no pull fails`, async (t) => {
      const scene = await startHolding(t);
      await rm(layoutOf(scene.mirror)[part], { recursive: true });
      await pullBoth(scene);
      await pullBoth(scene);
      const mirror = await scene.restart();
      await assertHealed({ ...scene, mirror });
    });
  }
});

describe('a catalog', () => {
  test('that is deleted while the mirror runs fails no pull, and readiness tells', async (t) => {
    const scene = await startHolding(t);
    for (const end of ['', '-wal', '-shm']) {
      await rm(`${layoutOf(scene.mirror).catalog}${end}`, { force: true });
    }
    await assertHealed(scene);
    await assert.rejects(scene.mirror.store.probe(), { code: 'ENOENT' });
  });

  const losses: Readonly<Record<string, (file: string) => Promise<void>>> = {
    deleted: (file) => rm(file),
    emptied: (file) => writeFile(file, ''),
    'overwritten at its start': async (file) => {
      const bytes = await readFile(file);
      await writeFile(file, bytes.fill('x', 0, 200));
    },
    'overwritten in its middle': async (file) => {
      const bytes = await readFile(file);
      await writeFile(file, bytes.fill('x', 4096, 8192));
    },
    'replaced by something else': (file) => writeFile(file, 'this is no database '.repeat(1000)),
  };
  for (const [how, lose] of Object.entries(losses)) {
    test(`that was ${how} is made anew from the blobs: nothing is fetched again`, async (t) => {
      const scene = await startHolding(t);
      await pullBoth(scene);
      await scene.mirror.stop();
      await lose(layoutOf(scene.mirror).catalog);
      const mirror = await scene.restart();
      scene.hub.forget();
      await pullBoth({ ...scene, mirror });
      // HEADs are free at Docker Hub; they tell what may be served under the repository.
      assert.equal(scene.hub.count({ operation: 'manifest_get' }), 0);
      assert.equal(scene.hub.count({ operation: 'blob_get' }), 0);
      await assertHeld({ ...scene, mirror });
      const files = await readdir(layoutOf(mirror).root);
      const aside = files.filter((name) => name.startsWith('catalog.sqlite.damaged-'));
      const isDamage = !['deleted', 'emptied'].includes(how);
      assert.equal(aside.length, isDamage ? 1 : 0);
      const told = mirror.observed.filter(({ what }) => what === 'failed');
      assert.equal(told.length, isDamage ? 1 : 0);
    });
  }

  test('that was lost does not vouch for blobs that were altered', async (t) => {
    const scene = await startHolding(t);
    const [layer = assert.fail('it has a layer')] = held.layers;
    const layout = layoutOf(scene.mirror);
    const file = layout.blobFile(layer.digest);
    await scene.mirror.stop();
    await rm(layout.catalog);
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill('x', 0, 10));
    const mirror = await scene.restart();
    await assertHealed({ ...scene, mirror });
    assert.equal(timesObserved(mirror, 'evicted'), 1);
  });
});
