import assert from 'node:assert/strict';
import type { Digest } from '../../../src/registry/digest.ts';
import type { ContentEntry } from '../../../src/store/catalog.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { buildImage, buildIndex, eachImage, type ImageContent } from '../../support/images.ts';

/** A repository and a tag in it, at which an image can be found. */
export interface Place {
  readonly repository: string;
  readonly tag: string;
}

/** What the cache holds at a moment, as it says itself. */
export type Holding = ReadonlyMap<Digest, ContentEntry>;

/** Where images are; at the start the one of the same number. */
export const places: readonly Place[] = [
  { repository: 'library/alpine', tag: 'one' },
  { repository: 'library/alpine', tag: 'two' },
  { repository: 'library/nginx', tag: 'one' },
  { repository: 'library/nginx', tag: 'two' },
  { repository: 'team/app', tag: 'one' },
];

/** Bytes of a layer that no store of the model has room for. */
export const giantSize = 600_000;

const kilobytes = [3, 20, 35, 50, 60, 70, 80, 30, 15, 8];
const layers = kilobytes.map((size, index) =>
  generatedBlob({ size: size * 1000 + index, seed: `layer ${index}` }),
);
const giant = generatedBlob({ size: giantSize, seed: 'giant' });

function image(name: string, numbers: readonly number[], architecture = 'amd64') {
  const chosen = layers.filter((_, index) => numbers.includes(index));
  return buildImage({ seed: name, layers: chosen, platform: { os: 'linux', architecture } });
}

/** What there is to pull. Most share layers with others; two are of two platforms, one is too large to be held whole. */
export const images: readonly ImageContent[] = [
  image('a', [0, 1]),
  image('b', [0, 2, 9]),
  buildIndex([image('c', [0, 5]), image('c', [0, 6], 'arm64')]),
  image('d', [3, 4]),
  buildIndex([image('e', [1, 3]), image('e', [2, 7], 'arm64')], { format: 'docker' }),
  image('f', [7, 8, 9]),
  buildImage({ seed: 'g', layers: [...layers.slice(0, 1), giant] }),
];

/** With those of single platforms. */
export const allImages: readonly ImageContent[] = images.flatMap((one) => [...eachImage(one)]);

/** The bytes of everything that there is, by digest. */
export const sizes: ReadonlyMap<Digest, number> = new Map(
  allImages.flatMap(({ manifest, blobs }) => [
    [manifest.digest, manifest.bytes.length] as const,
    ...blobs.map(({ digest, size }) => [digest, size] as const),
  ]),
);

/** The digests of manifests. */
export const manifests: ReadonlySet<Digest> = new Set(
  allImages.map(({ manifest }) => manifest.digest),
);

/** All that an image consists of. */
export function closureOf(one: ImageContent): Set<Digest> {
  return new Set(
    [...eachImage(one)].flatMap(({ manifest, blobs }) => [
      manifest.digest,
      ...blobs.map(({ digest }) => digest),
    ]),
  );
}

/**
 * What an image needs of what a repository has: a manifest in an index that no client of the repository got
 * is not yet served there.
 */
export function needsOf(one: ImageContent, isThere: (manifest: Digest) => boolean): Set<Digest> {
  const { digest } = one.manifest;
  if (!isThere(digest)) return new Set();
  const blobs = one.blobs.map((blob) => blob.digest);
  const children = one.children.flatMap((child) => [...needsOf(child, isThere)]);
  return new Set([digest, ...blobs, ...children]);
}

export function imageAt(index: number): ImageContent {
  return images[index] ?? assert.fail(`there is no image ${index}`);
}

export function placeAt(index: number): Place {
  return places[index] ?? assert.fail(`there is no place ${index}`);
}

/** The numbers of the places in a repository. */
export function placesIn(repository: string): number[] {
  return [...places.keys()].filter((index) => placeAt(index).repository === repository);
}

/** What a client of one platform pulls of an image: itself, the platform's image of an index, their blobs. */
export function pulledOf(one: ImageContent, platform: number): Set<Digest> {
  const child = childOf(one, platform);
  const blobs = one.blobs.map(({ digest }) => digest);
  const inner = child === undefined ? [] : pulledOf(child, platform);
  return new Set([one.manifest.digest, ...blobs, ...inner]);
}

/** The image of a platform; `undefined` where there is just the one. */
export function childOf({ children }: ImageContent, platform: number): ImageContent | undefined {
  return children[platform % Math.max(1, children.length)];
}
