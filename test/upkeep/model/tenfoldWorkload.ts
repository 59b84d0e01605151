import assert from 'node:assert/strict';
import { pullBlob, getManifest } from '../../mirror/pulls.ts';
import { Chance } from '../../storm/chance.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { startHub } from '../../support/hub/scriptedHub.ts';
import { buildImage, type SingleImage } from '../../support/images.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { startMirror, type TestMirror, type TestMirrorOptions } from '../../support/testMirror.ts';

const repositories = ['library/alpine', 'library/nginx', 'team/app'];
const clients = 4;
/** Images of so many bytes in all, of layers of all sizes, of which some are larger than the disk. */
function imagesOf(workload: number, larger: number): SingleImage[] {
  const chance = new Chance(1, 'small file system');
  const images: SingleImage[] = [];
  for (let bytes = 0; bytes < workload;) {
    const number = images.length;
    const isLarge = number % 16 === 15;
    const size = isLarge ? larger : chance.magnitude(10_000, 2_000_000);
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

/** A disk and what it holds in bytes. */
export interface TestDisk {
  readonly directory: string;
  readonly bytes: number;
}

/**
 * Has clients pull ten times what a disk holds through it, each image twice, some of it without a word of its
 * size, and looks at the disk all the while. Fails when a byte is wrong.
 */
export async function pullTenfold(
  t: Lifetime,
  { directory, bytes }: TestDisk,
  options: TestMirrorOptions,
  look: (mirror: TestMirror) => void,
): Promise<TestMirror> {
  const hub = await startHub(t);
  const images = imagesOf(10 * bytes, 1.5 * bytes);
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
      const manifest = await getManifest(mirror, repository, `v${number}`);
      assert.ok(manifest.bytes.equals(image.manifest.bytes));
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
