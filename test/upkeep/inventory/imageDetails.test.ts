import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContentDetail, PlatformDetail } from '../../../src/upkeep/inventory/imageDetail.ts';
import { UpkeepError } from '../../../src/upkeep/upkeepError.ts';
import { buildArtifact, buildImage, buildIndex, type ImageContent } from '../../support/images.ts';
import { openInventory } from './inventoryScene.ts';

const image = buildImage();
const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64' } });
const attestation: ImageContent = {
  ...buildArtifact({ artifactType: 'application/vnd.in-toto+json' }),
  platform: { os: 'unknown', architecture: 'unknown' },
};

function digestsOf({ manifest, config, layers }: PlatformDetail) {
  return [manifest, ...(config ? [config] : []), ...layers].map(
    ({ digest }: ContentDetail) => digest,
  );
}

describe('an image', () => {
  test('is shown as it is listed, with what it consists of', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:3.20', image);
    const summary = await scene.only('alpine');
    const { mediaType, manifest, images, earlier, ...rest } =
      await scene.inventory.image('alpine:3.20');
    assert.deepEqual(rest, summary);
    assert.equal(mediaType, image.manifest.mediaType);
    assert.equal(earlier, null);
    const stored = scene.blobs.describe(image.manifest.digest);
    assert.deepEqual(manifest, {
      digest: image.manifest.digest,
      mediaType,
      size: image.manifest.bytes.length,
      held: true,
      storedAt: new Date(stored?.storedAt ?? 0).toISOString(),
      lastUsedAt: new Date(stored?.usedAt ?? 0).toISOString(),
    });
    const [only, ...more] = images;
    assert.ok(only && more.length === 0);
    const expected = [image.manifest, image.config, ...image.layers].map(({ digest }) => digest);
    assert.deepEqual(digestsOf(only), expected);
    assert.deepEqual([only.platform, only.complete], ['linux/amd64', true]);
  });

  test('of several platforms shows each of them, also those that are not held', async (t) => {
    const scene = await openInventory(t);
    const index = buildIndex([image, arm64, attestation]);
    await scene.hold('alpine:3.20', index);
    await scene.blobs.remove(
      [arm64.manifest.digest, image.layers[0]?.digest ?? arm64.config.digest],
      'purge',
    );
    const { images } = await scene.inventory.image('alpine:3.20');
    assert.deepEqual(
      images.map(({ platform, complete }) => [platform, complete]),
      [
        ['linux/amd64', false],
        ['linux/arm64', false],
        ['unknown/unknown', true],
      ],
    );
    const [first, second] = images;
    assert.deepEqual(
      first?.layers.map(({ held, storedAt }) => [held, storedAt === null]),
      [
        [false, true],
        [true, false],
      ],
    );
    assert.deepEqual(
      first?.layers.map(({ size }) => size),
      image.layers.map(({ size }) => size),
    );
    assert.deepEqual([second?.config, second?.layers, second?.manifest.held], [null, [], false]);
  });

  test('of an index can be asked for by its own digest', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:3.20', buildIndex([image]));
    const name = `docker.io/library/alpine@${image.manifest.digest}`;
    const found = await scene.inventory.image(name);
    assert.deepEqual([found.name, found.tag, found.complete], [name, null, true]);
    assert.equal(found.sharedSize, found.size);
  });

  test('says what its tag stood for before', async (t) => {
    const scene = await openInventory(t);
    const earlier = { digest: arm64.manifest.digest, checkedAt: 86_400_000 };
    await scene.hold('alpine:3.20', image, { earlier });
    const found = await scene.inventory.image('alpine:3.20');
    assert.deepEqual(found.earlier, { ...earlier, checkedAt: '1970-01-02T00:00:00.000Z' });
  });

  test('whose manifest is not held is shown by what the upstream said of it', async (t) => {
    const scene = await openInventory(t);
    await scene.tag('alpine:3.20', image);
    const { size, mediaType, manifest, images } = await scene.inventory.image('alpine:3.20');
    assert.deepEqual(
      [size, mediaType, manifest.held, images],
      [0, image.manifest.mediaType, false, []],
    );
  });

  test('that is not known is not found, and it is said what to do', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:3.20', image);
    await scene.hold('acme/app:1', arm64);
    for (const name of [
      'alpine',
      'ghcr.io/library/alpine:3.20',
      `alpine@${arm64.manifest.digest}`,
      `acme/app@${image.manifest.digest}`,
      `alpine@${image.config.digest}`,
    ]) {
      await assert.rejects(scene.inventory.image(name), (error) => {
        assert.ok(error instanceof UpkeepError);
        assert.equal(error.failure, 'not_found');
        assert.match(error.message, /"pullthrough ls" .*"pullthrough warm [^"]*"/);
        return true;
      });
    }
  });
});
