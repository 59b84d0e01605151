import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { mediaTypes } from '../../../src/registry/mediaType.ts';
import { parseRepositoryName } from '../../../src/registry/repositoryName.ts';
import { parseTag } from '../../../src/registry/reference.ts';
import { tagKey, type Repository } from '../../../src/store/catalog.ts';
import { UpkeepError } from '../../../src/upkeep/upkeepError.ts';
import { blobBytes, fixedBlob } from '../../support/blobContent.ts';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  eachImage,
  type ImageContent,
} from '../../support/images.ts';
import { openInventory } from './inventoryScene.ts';
import { digestsOf } from '../upkeepScene.ts';

const hour = 3_600_000;
const base = fixedBlob('a base that images share');
const image = buildImage({ layers: [base, fixedBlob('one')] });
const other = buildImage({ seed: 'other', layers: [base, fixedBlob('two')] });
const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
const armv7 = buildImage({ platform: { os: 'linux', architecture: 'arm', variant: 'v7' } });
// As BuildKit lists them.
const attestation: ImageContent = {
  ...buildArtifact({ artifactType: 'application/vnd.in-toto+json' }),
  platform: { os: 'unknown', architecture: 'unknown' },
};

function bytesOf(content: ImageContent): number {
  return [...eachImage(content)]
    .flatMap(({ manifest, blobs }) => [manifest.bytes.length, ...blobs.map(({ size }) => size)])
    .reduce((one, next) => one + next);
}

describe('the images', () => {
  test('are the tags and what was pulled by digest, by name', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('ghcr.io/acme/app:1', image);
    await scene.hold('alpine:3.20', buildIndex([arm64, armv7]));
    await scene.hold('alpine-2:1', image);
    await scene.hold('alpine', other);
    const names = (await scene.list()).map(({ name }) => name);
    assert.deepEqual(names, [
      'docker.io/library/alpine-2:1',
      'docker.io/library/alpine:3.20',
      `docker.io/library/alpine@${other.manifest.digest}`,
      'ghcr.io/acme/app:1',
    ]);
    assert.deepEqual(
      (await scene.list('alpine:*')).map(({ tag }) => tag),
      ['3.20'],
    );
    assert.deepEqual(
      (await scene.list('ghcr.io/**')).map(({ tag }) => tag),
      ['1'],
    );
    await assert.rejects(() => scene.list('{}'), UpkeepError);
  });

  test('say all that is known of a tag', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:3.20', image);
    const { digest } = image.manifest;
    const checkedAt = scene.clock();
    scene.clock.advance(1000);
    scene.blobs.use(digest);
    assert.deepEqual(await scene.only('alpine'), {
      name: 'docker.io/library/alpine:3.20',
      repository: 'docker.io/library/alpine',
      tag: '3.20',
      digest,
      platforms: ['linux/amd64'],
      complete: true,
      size: bytesOf(image),
      sharedSize: 0,
      lastUsedAt: new Date(checkedAt + 1000).toISOString(),
      checkedAt: new Date(checkedAt).toISOString(),
      freshness: 'fresh',
      pinned: false,
    });
  });

  test('share what others need as well, and all of it where a tag is for the same one', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', image);
    await scene.hold('ghcr.io/acme/app:1', other);
    const { size, sharedSize } = await scene.only('alpine');
    assert.deepEqual([size, sharedSize], [bytesOf(image), base.size]);
    await scene.tag('alpine:2', image);
    for (const { sharedSize: shared } of await scene.list('alpine')) assert.equal(shared, size);
  });

  test('say nothing of a repository that was said to be gone', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', image);
    await scene.hold('alpine', other);
    await scene.memberships.forget(scene.repository('alpine'));
    assert.deepEqual(await scene.list(), []);
    await scene.hold('alpine:2', other);
    assert.deepEqual(
      (await scene.list()).map(({ tag }) => tag),
      ['2'],
    );
  });

  test('are read without a use of them', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', buildIndex([image, arm64]));
    await scene.hold('alpine:2', other);
    const uses = () => [...scene.blobs.held()].map(([digest, { usedAt }]) => `${digest} ${usedAt}`);
    const before = uses();
    scene.clock.advance(hour);
    await scene.list();
    await scene.inventory.image('alpine:1');
    assert.deepEqual(uses().toSorted(), before.toSorted());
  });

  test('of which nothing is held are left out, and can be looked at and purged all the same', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', image);
    await scene.hold('alpine:3', other);
    await scene.tag('alpine:2', arm64);
    await scene.blobs.remove(digestsOf(image), 'purge');
    assert.deepEqual(
      (await scene.list()).map(({ tag }) => tag),
      ['3'],
    );
    for (const name of ['alpine:1', 'alpine:2']) {
      const { size, sharedSize, complete, platforms } = await scene.inventory.image(name);
      assert.deepEqual([size, sharedSize, complete, platforms], [0, 0, false, []]);
    }
    const { images } = await scene.purge.purge(['alpine:1', 'alpine:2'], false);
    assert.deepEqual(images, ['docker.io/library/alpine:1', 'docker.io/library/alpine:2']);
  });

  test('of which only a part is held are among them', async (t) => {
    const scene = await openInventory(t);
    const index = buildIndex([arm64, armv7]);
    await scene.hold('alpine:1', index);
    await scene.blobs.remove(digestsOf(arm64), 'purge');
    await scene.blobs.remove(digestsOf(armv7), 'purge');
    const { complete, freshness, size } = await scene.only('alpine');
    assert.deepEqual([complete, freshness, size], [false, 'fresh', index.manifest.bytes.length]);
  });

  test('that lack a layer are not complete, and have no platform', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', image);
    await scene.blobs.remove([base.digest], 'purge');
    const { complete, platforms, size } = await scene.only('alpine');
    assert.deepEqual([complete, platforms, size], [false, [], bytesOf(image) - base.size]);
  });

  test('are not complete by what another repository alone may serve', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', image);
    const index = buildIndex([image]);
    const { digest, bytes, mediaType } = index.manifest;
    await scene.blobs.put(digest, bytes, mediaType);
    await scene.tag('ghcr.io/acme/app:1', index);
    assert.equal((await scene.only('ghcr.io/**')).complete, false);
  });

  test('are there though one of their manifests is none, and but for one that is found damaged', async (t) => {
    const scene = await openInventory(t);
    const none = fixedBlob('{"schemaVersion":2,"manifests":7}');
    const manifest = {
      digest: none.digest,
      mediaType: mediaTypes.ociIndex,
      bytes: blobBytes(none),
    };
    await scene.hold('alpine:none', { manifest, blobs: [], children: [] });
    await scene.hold('alpine:damaged', image);
    await scene.hold('alpine:good', other);
    await writeFile(scene.layout.blobFile(image.manifest.digest), 'x');
    const found = await scene.list();
    assert.deepEqual(
      found.map(({ tag, complete }) => [tag, complete]),
      [
        ['good', true],
        ['none', false],
      ],
    );
    assert.equal(found[1]?.size, none.size);
  });

  test('that are pinned say so', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', image);
    await scene.hold('alpine:2', other);
    await scene.blobs.pin(new Set([image.manifest.digest]));
    assert.deepEqual(
      (await scene.list()).map(({ pinned }) => pinned),
      [true, false],
    );
  });
});

describe('an index', () => {
  test('has the platforms that are held whole, and was used when one of its images was', async (t) => {
    const scene = await openInventory(t);
    const index = buildIndex([image, arm64, armv7, attestation]);
    await scene.hold('alpine:1', index);
    await scene.blobs.remove([armv7.config.digest], 'purge');
    scene.clock.advance(5000);
    scene.blobs.use(arm64.manifest.digest);
    const { platforms, complete, size, lastUsedAt } = await scene.only('alpine');
    assert.deepEqual(platforms, ['linux/amd64', 'linux/arm64']);
    assert.equal(complete, true);
    assert.equal(size, bytesOf(index) - armv7.config.size);
    assert.equal(lastUsedAt, new Date(scene.clock()).toISOString());
  });

  test('of which no image is held but its attestation is not complete', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', buildIndex([image, attestation]));
    await scene.blobs.remove([image.manifest.digest], 'purge');
    const { platforms, complete } = await scene.only('alpine');
    assert.deepEqual([platforms, complete], [[], false]);
  });

  test('whose images it says no platform of takes that from their configs', async (t) => {
    const scene = await openInventory(t);
    const { platform: _, ...unsaid } = armv7;
    await scene.hold('alpine:1', buildIndex([unsaid]));
    assert.deepEqual((await scene.only('alpine')).platforms, ['linux/arm/v7']);
  });
});

describe('a tag', () => {
  test('is fresh, then stale, then expired', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine:1', image);
    const seen = [];
    for (const pause of [hour - 1, 1, 24 * hour, 1]) {
      scene.clock.advance(pause);
      seen.push((await scene.only('alpine')).freshness);
    }
    assert.deepEqual(seen, ['fresh', 'stale', 'stale', 'expired']);
  });

  test('of an upstream that is none any more is expired', async (t) => {
    const scene = await openInventory(t);
    const name = parseRepositoryName('acme/app');
    const tag = parseTag('1');
    assert.ok(name && tag);
    const repository: Repository = { host: 'quay.io', name };
    const { bytes, digest, mediaType } = image.manifest;
    await scene.blobs.put(digest, bytes, mediaType);
    await scene.catalog.tags.set(tagKey(repository, tag), {
      digest,
      mediaType,
      checkedAt: scene.clock(),
    });
    await scene.memberships.add(repository, [digest], 0);
    assert.equal((await scene.only('quay.io/**')).freshness, 'expired');
    assert.equal((await scene.inventory.image('quay.io/acme/app:1')).freshness, 'expired');
  });

  test('that is none has no freshness', async (t) => {
    const scene = await openInventory(t);
    await scene.hold('alpine', image);
    const { tag, freshness, checkedAt } = await scene.only('alpine');
    assert.deepEqual([tag, freshness, checkedAt], [null, null, null]);
  });
});
