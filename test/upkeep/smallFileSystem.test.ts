import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { test } from 'node:test';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { pullBlob, getManifest } from '../mirror/pulls.ts';
import { smallDisk, smallDiskBytes, whySkipped } from '../store/smallDisk.ts';
import { Chance } from '../storm/chance.ts';
import { generatedBlob } from '../support/blobContent.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage, type SingleImage } from '../support/images.ts';
import { lastFirst, type Lifetime } from '../support/lifetime.ts';
import { startMirror, type TestMirror, type TestMirrorOptions } from '../support/testMirror.ts';
import { bytesOnDisk, assertInAgreement } from './cacheModelDisk.ts';

const mebibyte = 1024 * 1024;
const repositories = ['library/alpine', 'library/nginx', 'team/app'];
const clients = 4;
// What is pulled in all.
const workload = 10 * smallDiskBytes;
// The catalog and its log grow by what is noted of what was found room for.
const ofCatalog = mebibyte;

/** What is pulled: images of layers of all sizes, of which some are larger than the disk. */
function imagesToPull(): SingleImage[] {
  const chance = new Chance(1, 'small file system');
  const images: SingleImage[] = [];
  for (let bytes = 0; bytes < workload;) {
    const number = images.length;
    const isLarge = number % 16 === 15;
    const size = isLarge ? 12 * mebibyte : chance.magnitude(10_000, 2_000_000);
    const layers = [0, 1].map((index) =>
      generatedBlob({
        size: index === 0 ? size : chance.magnitude(10_000, 500_000),
        seed: `${number} ${index}`,
      }),
    );
    images.push(buildImage({ seed: `${number}`, layers }));
    bytes += layers.reduce((sum, layer) => sum + layer.size, 0);
  }
  return images;
}

function repositoryOf(number: number): string {
  return repositories[number % repositories.length] ?? '';
}

/** Has clients pull all of it, each image twice, some of it without a word of its size, and looks at the disk all the while. */
async function pullAll(
  t: Lifetime,
  options: TestMirrorOptions,
  look: (mirror: TestMirror) => void,
): Promise<TestMirror> {
  const directory = await smallDisk(t);
  const hub = await startHub(t);
  const images = imagesToPull();
  for (const [number, image] of images.entries()) {
    hub.addImage(repositoryOf(number), image, { tags: [`v${number}`] });
  }
  let answers = 0;
  hub.fault({
    at: 'blob_body',
    headers: { 'content-length': '', 'transfer-encoding': 'chunked' },
    when: () => (answers += 1) % 3 === 0,
  });
  const mirror = await startMirror(t, hub, { ...options, directory, memory: 100_000 });
  const watching = setInterval(() => look(mirror), 4);
  const queue = [...images.entries()].values();
  const client = async (): Promise<void> => {
    for (const [number, image] of queue) {
      const repository = repositoryOf(number);
      const { bytes } = await getManifest(mirror, repository, `v${number}`);
      assert.ok(bytes.equals(image.manifest.bytes));
      for (const blob of image.blobs) await pullBlob(mirror, repository, blob);
      for (const blob of image.blobs) await pullBlob(mirror, repository, blob);
      look(mirror);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    clearInterval(watching);
  }
  await mirror.mirror.stop();
  await mirror.store.blobs.settled();
  return mirror;
}

test(
  'ten times what a disk holds is pulled through it, and what is to be left free stays free',
  { skip: whySkipped },
  async (t) => {
    const minFree = 3 * mebibyte;
    let least = Number.POSITIVE_INFINITY;
    const look = ({ directory }: TestMirror) => {
      const { bavail, bsize } = statfsSync(directory);
      least = Math.min(least, bavail * bsize);
    };
    const { directory, store } = await pullAll(lastFirst(t), { minFree }, look);
    assert.ok(least >= minFree - ofCatalog, `${least} bytes were free of ${minFree}`);
    await assertInAgreement(directory, store);
    assert.ok(store.blobs.count > 0, 'nothing was kept');
  },
);

test(
  'ten times what a disk holds is pulled through it within storage.maxSize',
  { skip: whySkipped },
  async (t) => {
    const maxSize = 4 * mebibyte;
    let most = 0;
    const look = ({ directory }: TestMirror) => {
      most = Math.max(most, bytesOnDisk(new StoreLayout(directory).directory));
    };
    const { directory, store } = await pullAll(lastFirst(t), { maxSize }, look);
    assert.ok(most <= maxSize, `${most} bytes were taken of ${maxSize}`);
    await assertInAgreement(directory, store);
    assert.ok(store.blobs.count > 0, 'nothing was kept');
  },
);
