import { createCipheriv, createHash } from 'node:crypto';
import { digestFrom } from '../../src/registry/digest.ts';
import type { BlobContent } from '../support/blobContent.ts';
import {
  buildImage,
  buildIndex,
  type ImageContent,
  type ManifestContent,
  type Platform,
  type SingleImage,
} from '../support/images.ts';
import { Chance } from './chance.ts';

/** One image for one platform, as a client pulls it. */
export interface Target {
  readonly repository: string;
  readonly tag: string;
  /** From the one that the tag names to the one that names the blobs. */
  readonly manifests: readonly ManifestContent[];
  /** Config and layers. */
  readonly blobs: readonly BlobContent[];
  /** Bytes of all blobs. */
  readonly size: number;
}

/** An image as it is put into the Hub; one of several platforms has a target for each. */
export interface StormImage {
  readonly repository: string;
  readonly tag: string;
  readonly content: ImageContent;
  readonly targets: readonly Target[];
}

const kibibyte = 1024;
const mebibyte = 1024 * 1024;
const poolBytes = 64 * mebibyte;
const labelBytes = 32;
const chunkBytes = 256 * kibibyte;
const baseLayers = 6;
const platforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

/** The bytes that all layers are cut from: they take its memory alone, in however many storms. */
export function layerPool(seed: number): Buffer {
  const key = createHash('sha256').update(`pool ${seed}`).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(poolBytes));
}

/**
 * The images of a storm: layers of 0.2 to 4 MiB and in every eighth image one of 8 to 16, base layers that
 * many share, and every seventh image for two platforms.
 */
export function buildStormImages(
  pool: Buffer,
  seed: number,
  round: number,
  count: number,
): StormImage[] {
  const chance = new Chance(seed, 'images', round);
  const blob = (label: string, least: number, most: number): BlobContent => {
    const size = chance.magnitude(least, most);
    return slicedBlob(pool, chance.whole(0, poolBytes - size), size, `${seed}/${round}/${label}`);
  };
  const bases = Array.from({ length: baseLayers }, (_, index) =>
    blob(`base ${index}`, mebibyte, 2 * mebibyte),
  );
  const single = (number: number, platform: Platform): SingleImage => {
    const name = `${number} ${platform.architecture}`;
    const own = Array.from({ length: chance.whole(1, 3) }, (_, index) =>
      blob(`${name} layer ${index}`, 200 * kibibyte, 4 * mebibyte),
    );
    const large = number % 8 === 5 ? [blob(`${name} large`, 8 * mebibyte, 16 * mebibyte)] : [];
    const layers = [chance.pick(bases), ...own, ...large];
    return buildImage({ seed: `storm ${round} ${name}`, layers, platform });
  };
  return Array.from({ length: count }, (_, number) => {
    const children = platforms.slice(0, number % 7 === 6 ? 2 : 1).map((one) => single(number, one));
    return stormImage(`storm/round-${round}-image-${number}`, children);
  });
}

function stormImage(repository: string, children: readonly SingleImage[]): StormImage {
  const [only, ...others] = children;
  if (only === undefined) throw new Error('an image is for one platform at least');
  const content = others.length === 0 ? only : buildIndex(children);
  const tag = 'stable';
  const targets = children.map(({ manifest, blobs }) => ({
    repository,
    tag,
    manifests: content === only ? [manifest] : [content.manifest, manifest],
    blobs,
    size: blobs.reduce((sum, { size }) => sum + size, 0),
  }));
  return { repository, tag, content, targets };
}

/** A blob that is a label, which no other has, and after it a stretch of the pool. */
function slicedBlob(pool: Buffer, start: number, size: number, label: string): BlobContent {
  const head = createHash('sha256').update(label).digest().subarray(0, labelBytes);
  const chunks = function* (from: number, to: number): Iterable<Buffer> {
    if (from < labelBytes) yield head.subarray(from, Math.min(to, labelBytes));
    for (let at = Math.max(from, labelBytes); at < to; at += chunkBytes) {
      yield pool.subarray(start + at, start + Math.min(to, at + chunkBytes));
    }
  };
  const hash = createHash('sha256');
  for (const chunk of chunks(0, size)) hash.update(chunk);
  return { digest: digestFrom('sha256', hash), size, chunks };
}
