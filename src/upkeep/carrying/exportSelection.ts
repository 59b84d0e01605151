import type { Memberships } from '../../mirror/memberships.ts';
import type { Digest } from '../../registry/digest.ts';
import type { LayoutImage } from '../../registry/ociLayout.ts';
import {
  isUnknownPlatform,
  matchesPlatform,
  parsePlatform,
  platformText,
  type Platform,
} from '../../registry/platform.ts';
import type { Reference } from '../../registry/reference.ts';
import { tagKey, type Repository } from '../../store/catalog.ts';
import type { Store } from '../../store/store.ts';
import type { ExportOptions } from './carrying.ts';
import type { ImageSelector } from '../imageSelector.ts';
import type { PlatformImage, PlatformImages } from '../platformImages.ts';
import { UpkeepError } from '../upkeepError.ts';
import { wholeName } from '../wholeName.ts';

/** What an {@link ExportSelection} works with. */
export interface ExportSelectionParts {
  readonly store: Store;
  readonly memberships: Memberships;
  readonly selector: ImageSelector;
  readonly platformImages: PlatformImages;
}

/** An image that is to be exported, and is all here as far as it was asked for. */
export interface SelectedImage {
  /** The whole name, with its tag or digest. */
  readonly name: string;
  readonly descriptor: LayoutImage['descriptor'];
  /** Of the manifests and blobs that are to be in the archive, each once, outer manifests first. */
  readonly digests: readonly Digest[];
}

/** Finds out what an export consists of, before any of it is written. */
export class ExportSelection {
  readonly #parts: ExportSelectionParts;

  constructor(parts: ExportSelectionParts) {
    this.#parts = parts;
  }

  /**
   * The images, each once, in the order that they were asked for.
   * @throws {UpkeepError} `not_found`, `incomplete` or `invalid`, with what to do
   */
  async select({ images, platforms }: ExportOptions): Promise<readonly SelectedImage[]> {
    if (images.length === 0) throw new UpkeepError('invalid', 'name the images to export');
    const wanted = wantedPlatforms(platforms);
    const selected = new Map<string, SelectedImage>();
    for (const text of images) {
      const image = await this.#select(text, wanted);
      selected.set(image.name, image);
    }
    return [...selected.values()];
  }

  async #select(text: string, wanted: readonly Platform[]): Promise<SelectedImage> {
    const { store, selector, platformImages } = this.#parts;
    const { repository, reference } = selector.held(text);
    const name = wholeName(repository, reference);
    const digest = await this.#resolve(repository, reference);
    if (digest === undefined) {
      const message = `the cache has no ${name}: pullthrough ls shows what it has`;
      throw new UpkeepError('not_found', message);
    }
    const images = chosenOf(name, await platformImages.of(digest), wanted);
    const entry = store.blobs.describe(digest);
    // It was evicted just now.
    if (entry?.mediaType === undefined) throw incomplete(name);
    const descriptor = { mediaType: entry.mediaType, digest, size: entry.size };
    return { name, descriptor, digests: [...new Set(images.flatMap(({ digests }) => digests))] };
  }

  async #resolve(repository: Repository, reference: Reference): Promise<Digest | undefined> {
    const { memberships, store } = this.#parts;
    const digest =
      reference.kind === 'digest'
        ? reference.digest
        : (await store.catalog.tags.get(tagKey(repository, reference.tag)))?.digest;
    if (digest === undefined) return undefined;
    return (await memberships.has(repository, digest)) ? digest : undefined;
  }
}

/** Empty for all of them. */
function wantedPlatforms(texts: readonly string[]): readonly Platform[] {
  if (texts.includes('all')) return [];
  return texts.map((text) => {
    const platform = parsePlatform(text);
    if (platform !== undefined) return platform;
    throw new UpkeepError('invalid', `${JSON.stringify(text)} is no platform such as linux/amd64`);
  });
}

/** What is whole; of that what is for one of the wanted platforms, none of which may be missing. */
function chosenOf(
  name: string,
  images: readonly PlatformImage[],
  wanted: readonly Platform[],
): readonly PlatformImage[] {
  const whole = images.filter(({ isWhole }) => isWhole);
  if (wanted.length === 0) {
    // What BuildKit attests of an image is of no use without it.
    if (!whole.some(({ platform }) => platform === undefined || !isUnknownPlatform(platform))) {
      throw incomplete(name);
    }
    return whole;
  }
  for (const platform of wanted) {
    if (whole.some((image) => isFor(platform, image))) continue;
    throw images.some((image) => isFor(platform, image))
      ? incomplete(name, platform)
      : foreign(name, platform, images);
  }
  return whole.filter((image) => wanted.some((platform) => isFor(platform, image)));
}

/** What is for no platform, as an artifact, is for all of them. */
function isFor(wanted: Platform, { platform }: PlatformImage): boolean {
  return platform === undefined || matchesPlatform(wanted, platform);
}

function incomplete(name: string, platform?: Platform): UpkeepError {
  const [where, flag] =
    platform === undefined
      ? ['', '']
      : [` for ${platformText(platform)}`, `--platform ${platformText(platform)} `];
  const message = `${name} is not all in the cache${where}: pullthrough warm ${flag}${name} fetches it`;
  return new UpkeepError('incomplete', message);
}

function foreign(name: string, wanted: Platform, images: readonly PlatformImage[]): UpkeepError {
  const known = images.flatMap(({ platform }) =>
    platform === undefined || isUnknownPlatform(platform) ? [] : [platformText(platform)],
  );
  const message = `${name} has no image for ${platformText(wanted)}, but for ${known.join(', ')}`;
  return new UpkeepError('not_found', message);
}
