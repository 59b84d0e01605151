// From the largest to the smallest.
const units = {
  PiB: 1024 ** 5,
  PB: 1000 ** 5,
  TiB: 1024 ** 4,
  TB: 1000 ** 4,
  GiB: 1024 ** 3,
  GB: 1000 ** 3,
  MiB: 1024 ** 2,
  MB: 1000 ** 2,
  KiB: 1024,
  kB: 1000,
  KB: 1000,
  B: 1,
} as const;

/**
 * How a size is written: a number and a unit, binary (`MiB`) or decimal (`MB`), or plain bytes. `M` and
 * `Mi` are no units here: readers disagree on what `M` is worth.
 */
export const byteSizePattern = /^(\d+(?:\.\d+)?) ?([KMGTP]iB|[kKMGTP]B|B)?$/;

/** Reads a size into whole bytes; `undefined` when the text is no size or too large to count exactly. */
export function parseByteSize(text: string): number | undefined {
  const match = byteSizePattern.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? 'B') as keyof typeof units;
  const bytes = Math.round(Number(match[1]) * units[unit]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Writes a size with the largest unit that says it without a fraction; in plain bytes if none does. */
export function formatByteSize(bytes: number): string {
  if (bytes === 0) return '0';
  const unit = Object.entries(units).find(([, size]) => bytes % size === 0);
  return unit === undefined || unit[1] === 1 ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}
