import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import {
  indexDocument,
  isKnownLayout,
  layoutBlobDigest,
  layoutBlobPath,
  layoutDocument,
  parseLayoutIndex,
  type LayoutImage,
} from '../../src/registry/ociLayout.ts';

const digest = digestOf(Buffer.from('manifest'));
const long = digestOf(Buffer.from('manifest'), 'sha512');
const mediaType = 'application/vnd.oci.image.manifest.v1+json';

test('the layout that is written is known, and no other version is', () => {
  assert.ok(isKnownLayout(layoutDocument()));
  for (const text of ['{"imageLayoutVersion":"2.0.0"}', '{}', '[]', 'imageLayoutVersion', '']) {
    assert.ok(!isKnownLayout(Buffer.from(text)), text);
  }
});

test('the index that is written is read back', () => {
  const images: LayoutImage[] = [
    { descriptor: { mediaType, digest, size: 8 }, wholeName: 'a/b/c:1', referenceName: '1' },
    { descriptor: { mediaType, digest: long, size: 8 }, wholeName: undefined, referenceName: 'x' },
    { descriptor: { mediaType, digest, size: 0 }, wholeName: undefined, referenceName: undefined },
  ];
  assert.deepEqual(parseLayoutIndex(indexDocument(images)), images);
  assert.ok(!String(indexDocument(images.slice(2))).includes('annotations'));
});

test('an empty name is none', () => {
  const annotations = { 'io.containerd.image.name': '', 'org.opencontainers.image.ref.name': 7 };
  const text = JSON.stringify({ manifests: [{ mediaType, digest, size: 1, annotations }] });
  const [image] = parseLayoutIndex(Buffer.from(text)) ?? [];
  assert.deepEqual([image?.wholeName, image?.referenceName], [undefined, undefined]);
});

test('an index with an entry that can not be verified is none', () => {
  const good = { mediaType, digest, size: 1 };
  const bad = [{}, null, 7, { ...good, digest: 'md5:abc' }, { ...good, size: -1 }];
  for (const entry of bad) {
    const text = JSON.stringify({ manifests: [good, entry] });
    assert.equal(parseLayoutIndex(Buffer.from(text)), undefined, text);
  }
  for (const text of ['{}', '[]', '{"manifests":{}}', '']) {
    assert.equal(parseLayoutIndex(Buffer.from(text)), undefined, text);
  }
});

test('a blob lies under its algorithm and digest, and nothing else does', () => {
  for (const one of [digest, long]) assert.equal(layoutBlobDigest(layoutBlobPath(one)), one);
  const hex = digest.slice('sha256:'.length);
  const others = [
    `blobs/sha512/${hex}`,
    `blobs/sha256/${hex.toUpperCase()}`,
    `blobs/sha256/${hex}/x`,
    `x/blobs/sha256/${hex}`,
    `blobs/md5/${hex}`,
    'blobs/sha256/',
    'index.json',
  ];
  for (const path of others) assert.equal(layoutBlobDigest(path), undefined, path);
});
