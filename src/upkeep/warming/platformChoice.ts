import type { Descriptor } from '../../registry/descriptor.ts';
import type { Index } from '../../registry/manifest.ts';
import { isImage, isIndex } from '../../registry/mediaType.ts';
import {
  isUnknownPlatform,
  matchesPlatform,
  parsePlatform,
  platformText,
  type Platform,
} from '../../registry/platform.ts';
import { UpkeepError } from '../upkeepError.ts';

/** What is wanted of an index. */
export interface ChosenManifests {
  readonly wanted: readonly Descriptor[];
  /** Those of the wanted ones, each once; what is for no machine, such as an attestation, has none. */
  readonly platforms: readonly string[];
  /** That it lacks a platform that is wanted. */
  readonly missing: UpkeepError | undefined;
}

/** The platforms that somebody wants of each image. */
export class PlatformChoice {
  readonly #wanted: readonly Platform[] | 'all';

  /**
   * `platforms`: such as `linux/amd64`, or `all`; none: the one of `machine`.
   * @throws {UpkeepError} `invalid`
   */
  constructor(platforms: readonly string[], machine: string) {
    const texts = platforms.length === 0 ? [machine] : platforms;
    this.#wanted = texts.includes('all') ? 'all' : texts.map(readPlatform);
  }

  /** Chooses among the manifests of an index. */
  of({ manifests }: Index): ChosenManifests {
    const images = manifests.filter(({ mediaType }) => isImage(mediaType) || isIndex(mediaType));
    if (this.#wanted === 'all') return chosen(images, undefined);
    const wanted = this.#wanted;
    const fits = images.filter(({ platform }) => wanted.some((one) => matches(one, platform)));
    const lacking = wanted.filter((one) => !fits.some(({ platform }) => matches(one, platform)));
    // What does not say its platform may be for any.
    const silent = images.filter(({ platform }) => platform === undefined);
    if (lacking.length > 0 && silent.length > 0) return chosen([...fits, ...silent], undefined);
    return chosen(fits, lacking.length === 0 ? undefined : missingError(lacking, images));
  }
}

function readPlatform(text: string): Platform {
  const platform = parsePlatform(text);
  if (platform !== undefined) return platform;
  throw new UpkeepError(
    'invalid',
    `${text} is no platform: it is one such as linux/amd64 or linux/arm/v7, or all`,
  );
}

function matches(wanted: Platform, actual: Platform | undefined): boolean {
  return actual !== undefined && matchesPlatform(wanted, actual);
}

function chosen(wanted: readonly Descriptor[], missing: UpkeepError | undefined): ChosenManifests {
  return { wanted, platforms: platformsOf(wanted), missing };
}

function missingError(lacking: readonly Platform[], images: readonly Descriptor[]): UpkeepError {
  const has = platformsOf(images).join(', ') || 'none that it tells';
  return new UpkeepError(
    'failed',
    `it has no ${lacking.map(platformText).join(', ')}; it has ${has}`,
  );
}

function platformsOf(descriptors: readonly Descriptor[]): string[] {
  const texts = descriptors.flatMap(({ platform }) =>
    platform === undefined || isUnknownPlatform(platform) ? [] : [platformText(platform)],
  );
  return [...new Set(texts)];
}
