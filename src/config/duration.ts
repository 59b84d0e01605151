const units = {
  d: 24 * 60 * 60 * 1000,
  h: 60 * 60 * 1000,
  m: 60 * 1000,
  s: 1000,
  ms: 1,
} as const;

/** How a duration is written: a number and a unit, or `0`. A bare number would leave the unit to guessing. */
export const durationPattern = /^(?:(\d+(?:\.\d+)?) ?(ms|s|m|h|d)|0)$/;

/** Reads a duration into whole milliseconds; `undefined` when the text is none or too large to count exactly. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? 'ms') as keyof typeof units;
  const milliseconds = Math.round(Number(match[1] ?? 0) * units[unit]);
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/** Writes whole milliseconds with the largest unit that says them without a fraction. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  const unit = Object.entries(units).find(([, length]) => milliseconds % length === 0);
  return unit === undefined ? `${milliseconds}ms` : `${milliseconds / unit[1]}${unit[0]}`;
}
