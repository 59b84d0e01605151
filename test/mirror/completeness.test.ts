import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { digestOf, type Digest } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { Completeness } from '../../src/mirror/completeness.ts';
import { Memberships } from '../../src/mirror/memberships.ts';
import { ManifestRequirements } from '../../src/mirror/requirements.ts';
import type { Repository } from '../../src/store/catalog.ts';
import { blobBytes } from '../support/blobContent.ts';
import {
  buildImage,
  buildIndex,
  buildMultiPlatformImage,
  type ImageContent,
} from '../support/images.ts';
import { startScene } from './scene.ts';

function repositoryOf(text: string): Repository {
  const name = parseRepositoryName(text);
  assert.ok(name);
  return { host: 'docker.io', name };
}

const repository = repositoryOf('library/alpine');
const image = buildImage();

/** A store that content can be put into, and what is complete in it. */
async function startStore(t: TestContext) {
  const { mirror } = await startScene(t);
  const { blobs, catalog } = mirror.store;
  const requirements = new ManifestRequirements(blobs);
  const memberships = new Memberships({ catalog, requirements, blobs, now: Date.now });
  const completeness = new Completeness(blobs, memberships, requirements);
  const hold = async (digest: Digest, bytes: Buffer, mediaType: string, name = repository) => {
    await blobs.put(digest, bytes, mediaType);
    await memberships.add(name, [digest], 0);
  };
  const holdManifest = ({ manifest }: ImageContent) =>
    hold(manifest.digest, manifest.bytes, manifest.mediaType);
  const holdAll = async (content: ImageContent, name = repository) => {
    await holdManifest(content);
    for (const blob of content.blobs) {
      await hold(blob.digest, blobBytes(blob), mediaTypes.octetStream, name);
    }
  };
  const isComplete = ({ manifest }: ImageContent) =>
    completeness.isComplete(repository, manifest.digest);
  return { hold, holdManifest, holdAll, isComplete, completeness };
}

/** An image manifest with these members, which no blobs belong to. */
function imageOf(members: object) {
  const body = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...members };
  const bytes = Buffer.from(JSON.stringify(body));
  const mediaType = mediaTypes.ociManifest;
  return { manifest: { bytes, mediaType, digest: digestOf(bytes) }, blobs: [], children: [] };
}

describe('an image', () => {
  test('is complete with its config and all its layers', async (t) => {
    const { holdAll, isComplete } = await startStore(t);
    await holdAll(image);
    assert.equal(await isComplete(image), true);
  });

  for (const [index, blob] of image.blobs.entries()) {
    test(`is not complete without its blob number ${index}`, async (t) => {
      const { holdAll, isComplete } = await startStore(t);
      await holdAll({ ...image, blobs: image.blobs.filter((other) => other !== blob) });
      assert.equal(await isComplete(image), false);
    });
  }

  test('is not complete when its blobs are held through another repository alone', async (t) => {
    const { holdAll, isComplete } = await startStore(t);
    await holdAll(image, repositoryOf('library/debian'));
    assert.equal(await isComplete(image), false);
  });

  test('is not complete without its manifest', async (t) => {
    const { isComplete } = await startStore(t);
    assert.equal(await isComplete(image), false);
  });

  test('is complete without the layers that clients fetch elsewhere', async (t) => {
    const { holdAll, holdManifest, isComplete } = await startStore(t);
    const { config } = image;
    const foreign = imageOf({
      config: { mediaType: 'application/json', digest: config.digest, size: config.size },
      layers: [
        {
          mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
          digest: `sha256:${'a'.repeat(64)}`,
          size: 5,
          urls: ['https://example.com/layer'],
        },
      ],
    });
    await holdAll(image);
    await holdManifest(foreign);
    assert.equal(await isComplete(foreign), true);
  });

  test('is never complete with a layer whose digest cannot be verified', async (t) => {
    const { holdAll, holdManifest, isComplete } = await startStore(t);
    const { config } = image;
    const odd = imageOf({
      config: { mediaType: 'application/json', digest: config.digest, size: config.size },
      layers: [{ mediaType: mediaTypes.octetStream, digest: `md5:${'a'.repeat(32)}`, size: 5 }],
    });
    await holdAll(image);
    await holdManifest(odd);
    assert.equal(await isComplete(odd), false);
  });
});

describe('an index', () => {
  const index = buildMultiPlatformImage();
  const [first, second] = index.children;

  test('is complete with one of its images', async (t) => {
    const { holdAll, isComplete } = await startStore(t);
    assert.ok(second);
    await holdAll(index);
    await holdAll(second);
    assert.equal(await isComplete(index), true);
  });

  test('is not complete with a part of one of its images', async (t) => {
    const { holdAll, holdManifest, isComplete } = await startStore(t);
    assert.ok(first);
    await holdAll(index);
    await holdManifest(first);
    assert.equal(await isComplete(index), false);
  });

  test('of indexes is complete with one image in one of them', async (t) => {
    const { holdAll, isComplete } = await startStore(t);
    const inner = buildIndex([image]);
    const outer = buildIndex([buildIndex([buildImage({ seed: 'other' })]), inner]);
    await holdAll(outer);
    await holdAll(inner);
    assert.equal(await isComplete(outer), false);
    await holdAll(image);
    assert.equal(await isComplete(outer), true);
  });

  test('of nothing is complete', async (t) => {
    const { holdAll, isComplete } = await startStore(t);
    const empty = buildIndex([]);
    await holdAll(empty);
    assert.equal(await isComplete(empty), true);
  });
});

test('a manifest of another kind is complete by itself', async (t) => {
  const { hold, completeness } = await startStore(t);
  const bytes = Buffer.from('{"anything":1}');
  const digest = digestOf(bytes);
  await hold(digest, bytes, 'application/vnd.test.other+json');
  assert.equal(await completeness.isComplete(repository, digest), true);
});
