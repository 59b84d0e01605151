import type { ImageSummary } from '../upkeep/inventory/imageSummary.ts';
import { showBytes } from './statsUnits.ts';
import { columnWidths, showAge, textTable } from './textTable.ts';

const head = ['IMAGE', 'PLATFORMS', 'SIZE', 'SHARED', 'LAST USED', 'STATE'];
const alignments = ['left', 'left', 'right', 'right', 'left', 'left'] as const;
const platformColumn = 1;
const gap = 2;
const leastPlatforms = 20;
const shortDigest = 12;

/**
 * The images for people, in lines; `now` is in ms since 1970. `width` is that of the terminal: what is too
 * long for it is shortened, platforms first, digests next. Without it all is written out, for programs.
 */
export function lsLines(
  images: readonly ImageSummary[],
  now: number,
  width: number | undefined,
): readonly string[] {
  const rows = [head, ...images.map((image) => rowOf(image, now))];
  return textTable(width === undefined ? rows : fitted(rows, images, width), alignments);
}

function rowOf(image: ImageSummary, now: number): readonly string[] {
  return [
    image.name,
    image.platforms.join(',') || '-',
    showBytes(image.size),
    showBytes(image.sharedSize),
    showAge(image.lastUsedAt, now),
    stateOf(image),
  ];
}

/** How good the mirror's answer would be, and what else is to be known of it. */
export function stateOf({ freshness, complete, pinned }: ImageSummary): string {
  const states = [freshness ?? [], complete ? [] : 'incomplete', pinned ? 'pinned' : []].flat();
  return states.join(', ') || '-';
}

function fitted(
  rows: readonly (readonly string[])[],
  images: readonly ImageSummary[],
  width: number,
): readonly (readonly string[])[] {
  const room = roomForPlatforms(rows, width);
  if (room >= leastPlatforms)
    return rows.map((row, index) => withPlatforms(row, images[index - 1], room));
  const short = rows.map(([name = '', ...rest]) => [shortName(name), ...rest]);
  const left = Math.max(leastPlatforms, roomForPlatforms(short, width));
  return short.map((row, index) => withPlatforms(row, images[index - 1], left));
}

/** What the other columns leave of the terminal's width. */
function roomForPlatforms(rows: readonly (readonly string[])[], width: number): number {
  const others = columnWidths(rows).filter((_, column) => column !== platformColumn);
  return width - others.reduce((total, column) => total + column + gap, 0);
}

function withPlatforms(
  row: readonly string[],
  image: ImageSummary | undefined,
  room: number,
): readonly string[] {
  return image === undefined ? row : row.with(platformColumn, shortList(image.platforms, room));
}

/** As many as there is room for, and how many more there are. */
function shortList(platforms: readonly string[], room: number): string {
  const whole = platforms.join(',') || '-';
  if (whole.length <= room) return whole;
  for (let shown = platforms.length - 1; shown > 0; shown -= 1) {
    const text = `${platforms.slice(0, shown).join(',')} +${platforms.length - shown}`;
    if (text.length <= room) return text;
  }
  return `${platforms.length} platforms`;
}

function shortName(name: string): string {
  return name.replace(
    /(@[^:]+:)([0-9a-f]+)$/,
    (_, algorithm: string, hex: string) => `${algorithm}${hex.slice(0, shortDigest)}…`,
  );
}
