import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { describe, test } from 'node:test';
import type { Lifetime } from '../../support/lifetime.ts';
import { fixedBlob } from '../../support/blobContent.ts';
import { buildImage, type ImageContent } from '../../support/images.ts';
import { UsageReport } from '../../../src/upkeep/inventory/usageReport.ts';
import { openUpkeep } from '../upkeepScene.ts';

const base = fixedBlob('a base that images share');
const image = buildImage({ layers: [base, fixedBlob('one')] });
const other = buildImage({ seed: 'other', layers: [base] });

function sizeOf({ manifest, blobs }: ImageContent): number {
  return blobs.reduce((bytes, { size }) => bytes + size, manifest.bytes.length);
}

async function openReport(t: Lifetime) {
  const scene = await openUpkeep(t);
  const { store, layout } = scene;
  const directory = relative(process.cwd(), layout.directory);
  const report = new UsageReport({ store, directory, maxSize: undefined, minFree: 7 });
  return { ...scene, report };
}

describe('the usage', () => {
  test('of an empty cache has no repositories, but a catalog', async (t) => {
    const { report, layout } = await openReport(t);
    const { repositories, catalog, diskFree, directory, maxSize, minFree } = await report.usage();
    assert.deepEqual(repositories, []);
    assert.ok(catalog > 0 && diskFree !== null && diskFree > 0);
    assert.deepEqual([directory, maxSize, minFree], [layout.directory, null, 7]);
  });

  test('says what each repository takes, and what others have as well', async (t) => {
    const scene = await openReport(t);
    await scene.hold('alpine:1', image);
    await scene.tag('alpine:2', image);
    await scene.hold('ghcr.io/acme/app:1', other);
    await scene.hold('acme/gone:1', other);
    await scene.memberships.forget(scene.repository('acme/gone'));
    const { repositories, blobs, manifests, pinned } = await scene.report.usage();
    assert.deepEqual(repositories, [
      {
        repository: 'docker.io/library/alpine',
        tags: 2,
        size: sizeOf(image),
        sharedSize: base.size,
      },
      {
        repository: 'ghcr.io/acme/app',
        tags: 1,
        size: sizeOf(other),
        sharedSize: base.size,
      },
    ]);
    assert.deepEqual([manifests.count, blobs.count, pinned.count], [2, 4, 0]);
  });

  test('leaves out what is not held', async (t) => {
    const scene = await openReport(t);
    await scene.hold('alpine:1', image);
    await scene.blobs.remove([base.digest], 'purge');
    const [only] = (await scene.report.usage()).repositories;
    assert.equal(only?.size, scene.blobs.bytes);
  });
});
