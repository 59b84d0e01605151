import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { ImageGraph } from '../../src/upkeep/imageGraph.ts';
import { openTestStore } from '../store/testStore.ts';
import { fixedBlob, blobBytes } from '../support/blobContent.ts';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  eachImage,
  type ImageContent,
} from '../support/images.ts';

async function openGraph(t: TestContext, ...images: readonly ImageContent[]) {
  const opened = await openTestStore(t);
  for (const { manifest } of images.flatMap((image) => [...eachImage(image)])) {
    await opened.blobs.put(manifest.digest, manifest.bytes, manifest.mediaType);
  }
  return { ...opened, graph: new ImageGraph(opened.blobs) };
}

const amd64 = buildImage({ seed: 'same', layers: [fixedBlob('shared')] });
const arm64 = buildImage({
  seed: 'same',
  layers: [fixedBlob('shared')],
  platform: { os: 'linux', architecture: 'arm64' },
});

describe('the closure', () => {
  test('of an index has the manifests, configs and layers of its images, each once', async (t) => {
    const nested = buildIndex([buildIndex([amd64]), arm64]);
    const { graph } = await openGraph(t, nested);
    const all = [...eachImage(nested)].flatMap(({ manifest, blobs }) => [manifest, ...blobs]);
    const closure = await graph.closure(nested.manifest.digest);
    assert.deepEqual(
      [...closure].toSorted(),
      [...new Set(all.map(({ digest }) => digest))].toSorted(),
    );
  });

  test('of what is not held is that alone', async (t) => {
    const { graph } = await openGraph(t, buildIndex([]));
    assert.deepEqual([...(await graph.closure(amd64.manifest.digest))], [amd64.manifest.digest]);
  });

  test('of an index that is held alone names its images', async (t) => {
    const index = buildIndex([amd64, arm64]);
    const { graph } = await openGraph(t, { ...index, children: [] });
    const digests = [index, amd64, arm64].map(({ manifest }) => manifest.digest);
    assert.deepEqual([...(await graph.closure(index.manifest.digest))], digests);
  });

  test('of a signature does not have what it signs', async (t) => {
    const signature = buildArtifact({ artifactType: 'a/signature', subject: amd64.manifest });
    const { graph } = await openGraph(t, signature, amd64);
    const closure = await graph.closure(signature.manifest.digest);
    assert.ok(!closure.has(amd64.manifest.digest));
    assert.equal(closure.size, 1 + signature.blobs.length);
  });
});

describe('a manifest', () => {
  test('is read without counting as a use', async (t) => {
    const { graph, blobs } = await openGraph(t, amd64);
    const before = blobs.describe(amd64.manifest.digest)?.usedAt;
    assert.equal((await graph.manifest(amd64.manifest.digest))?.kind, 'image');
    assert.equal(blobs.describe(amd64.manifest.digest)?.usedAt, before);
  });

  test('that is held as a mere blob, or is damaged, or none at all is nothing', async (t) => {
    const { graph, blobs, layout } = await openGraph(t, arm64);
    const blob = blobBytes(fixedBlob(amd64.manifest.bytes));
    const growing = await blobs.begin(amd64.manifest.digest, blob.length);
    await growing.append([blob]);
    growing.verify();
    await blobs.keep(growing);
    await growing.release();
    assert.equal(await graph.manifest(amd64.manifest.digest), undefined);
    const none = fixedBlob('<html>');
    await blobs.put(none.digest, blobBytes(none), mediaTypes.ociManifest);
    assert.equal(await graph.manifest(none.digest), undefined);
    await writeFile(layout.blobFile(arm64.manifest.digest), 'x');
    assert.equal(await graph.manifest(arm64.manifest.digest), undefined);
  });
});
