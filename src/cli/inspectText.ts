import type {
  ContentDetail,
  ImageDetail,
  PlatformDetail,
} from '../upkeep/inventory/imageDetail.ts';
import { stateOf } from './lsText.ts';
import { showBytes } from './statsUnits.ts';
import { indented, showAge, textTable } from './textTable.ts';

/** What is known of an image, for people, in lines; `now` is in ms since 1970. */
export function inspectLines(image: ImageDetail, now: number): readonly string[] {
  return [
    image.name,
    ...indented(textTable(factsOf(image, now))),
    ...image.images.flatMap((platform) => ['', ...platformLines(platform)]),
  ];
}

function factsOf(image: ImageDetail, now: number): readonly (readonly string[])[] {
  const { earlier, sharedSize, size } = image;
  const before =
    earlier === null
      ? []
      : [['before', `${earlier.digest}, confirmed ${when(earlier.checkedAt, now)}`]];
  return [
    ['digest', image.digest],
    ['type', image.mediaType ?? '-'],
    ['state', stateOf(image)],
    ['size', `${showBytes(size)}, of which others have ${showBytes(sharedSize)} as well`],
    ['platforms', image.platforms.join(', ') || '-'],
    ['last used', when(image.lastUsedAt, now)],
    ['confirmed', when(image.checkedAt, now)],
    ['manifest', heldText(image.manifest)],
    ...before,
  ];
}

function when(time: string | null, now: number): string {
  return time === null ? '-' : `${showAge(time, now)} (${time})`;
}

function platformLines(platform: PlatformDetail): readonly string[] {
  const { manifest, config, layers, complete } = platform;
  const parts = [
    ['manifest', manifest] as const,
    ...(config === null ? [] : [['config', config] as const]),
    ...layers.map((layer) => ['layer', layer] as const),
  ];
  const rows = parts.map(([kind, part]) => [
    kind,
    part.digest,
    showBytes(part.size),
    heldText(part),
  ]);
  return [
    `${platform.platform ?? 'no platform'}: ${complete ? 'held whole' : 'not held whole'}`,
    ...indented(textTable(rows, ['left', 'left', 'right', 'left'])),
  ];
}

function heldText({ held }: ContentDetail): string {
  return held ? 'held' : 'not held';
}
