import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  buildMultiPlatformImage,
  eachImage,
  type Descriptor,
} from './images.ts';

function parsed(image: { manifest: { bytes: Buffer } }) {
  return JSON.parse(image.manifest.bytes.toString()) as {
    mediaType: string;
    config: Descriptor;
    layers: Descriptor[];
    manifests: Descriptor[];
    subject: Descriptor;
  };
}

test('an image’s manifest names its config and layers with their sizes', () => {
  const image = buildImage();
  const { config, layers } = parsed(image);
  assert.deepEqual(
    [config, ...layers].map(({ digest, size }) => ({ digest, size })),
    image.blobs.map(({ digest, size }) => ({ digest, size })),
  );
});

test('both formats have media types of their own', () => {
  const docker = buildImage({ format: 'docker' });
  assert.equal(docker.manifest.mediaType, mediaTypes.dockerManifest);
  assert.equal(parsed(docker).mediaType, mediaTypes.dockerManifest);
  assert.equal(buildImage().manifest.mediaType, mediaTypes.ociManifest);
  const list = buildIndex([docker], { format: 'docker' });
  assert.equal(list.manifest.mediaType, mediaTypes.dockerList);
});

test('every digest in a sha512 image is a sha512 digest', () => {
  const index = buildMultiPlatformImage({ algorithm: 'sha512' });
  for (const { manifest, blobs } of eachImage(index)) {
    assert.equal(manifest.digest, digestOf(manifest.bytes, 'sha512'));
    assert.ok(blobs.every(({ digest }) => digest.startsWith('sha512:')));
  }
});

test('an index names its images with their platforms', () => {
  const index = buildMultiPlatformImage();
  assert.deepEqual(
    parsed(index).manifests.map(({ digest, platform }) => ({ digest, platform })),
    index.children.map(({ manifest: { digest }, platform }) => ({ digest, platform })),
  );
  assert.equal([...eachImage(index)].length, 4);
});

test('images with other seeds or platforms have nothing in common', () => {
  const platform = { os: 'linux', architecture: 'arm64' };
  const images = [buildImage(), buildImage({ seed: 'other' }), buildImage({ platform })];
  const digests = images.flatMap((image) => image.blobs.map(({ digest }) => digest));
  assert.equal(new Set(digests).size, 9);
});

test('an artifact refers to its subject', () => {
  const image = buildImage();
  const artifact = buildArtifact({ artifactType: 'application/vnd.a', subject: image.manifest });
  assert.equal(parsed(artifact).subject.digest, image.manifest.digest);
});
