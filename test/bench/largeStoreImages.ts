import type { BlobContent } from '../support/blobContent.ts';
import { fixedBlob } from '../support/blobContent.ts';
import { buildImage, buildIndex, type ImageContent, type SingleImage } from '../support/images.ts';
import { Chance } from '../storm/chance.ts';

/** How large a store is to be. */
export interface LargeStoreScale {
  /** Blobs of all kinds: manifests, configs and layers. */
  readonly blobs: number;
  readonly tags: number;
  readonly repositories: number;
  readonly seed: number;
}

/** What one tag stands for. */
export interface TaggedImage {
  /** Such as `team-3/service-41`. */
  readonly repository: string;
  readonly tag: string;
  readonly image: ImageContent;
}

// One tag of so many is of an index, with an image for each of two platforms.
const tagsPerIndex = 10;
const architectures = ['amd64', 'arm64'] as const;
// Layers of other images that an image has beneath its own.
const leastShared = 4;
const mostShared = 5;

/**
 * The images of a store, in which no blob is like another but for the layers that images share. The bytes of
 * a layer are few; of manifests and configs they are what they would be.
 */
export function* largeStoreImages(scale: LargeStoreScale): Iterable<TaggedImage> {
  const chance = new Chance(scale.seed, 'images');
  const images = scale.tags + Math.floor(scale.tags / tagsPerIndex);
  const layersOfOwn = scale.blobs - 2 * images - Math.floor(scale.tags / tagsPerIndex);
  if (layersOfOwn < images) throw new Error(`${scale.blobs} blobs are too few for so many tags`);
  const layers: BlobContent[] = [];
  let made = 0;
  const nextImage = (name: string, architecture: string): SingleImage => {
    made += 1;
    const shared = Math.min(layers.length, chance.whole(leastShared, mostShared));
    const beneath = Array.from({ length: shared }, () => chance.pick(layers));
    const own: BlobContent[] = [];
    while (layers.length + own.length < Math.floor((made * layersOfOwn) / images)) {
      own.push(fixedBlob(`layer ${layers.length + own.length} of seed ${scale.seed}`));
    }
    layers.push(...own);
    const platform = { os: 'linux', architecture };
    return buildImage({ seed: name, layers: [...new Set(beneath), ...own], platform });
  };
  for (let index = 0; index < scale.tags; index += 1) {
    const number = index % scale.repositories;
    const repository = `team-${number % 20}/service-${number}`;
    const tag = `1.${Math.floor(index / scale.repositories)}`;
    const name = `${repository}:${tag} of seed ${scale.seed}`;
    const isIndex = index % tagsPerIndex === tagsPerIndex - 1;
    const image = isIndex
      ? buildIndex(architectures.map((architecture) => nextImage(name, architecture)))
      : nextImage(name, architectures[0]);
    yield { repository, tag, image };
  }
}
