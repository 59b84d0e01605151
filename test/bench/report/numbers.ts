import type { Spread } from './spread.ts';

/** `1.02 (0.98–1.10)`, or `1.02` of a single number. */
export function formatSpread({ median, least, greatest }: Spread): string {
  if (least === greatest) return formatNumber(median);
  return `${formatNumber(median)} (${formatNumber(least)}–${formatNumber(greatest)})`;
}

/** With three digits that count, but all of those before the point. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
