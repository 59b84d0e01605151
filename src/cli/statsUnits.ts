const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const spanUnits = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** Bytes in the largest unit of which there is one, to three digits or so: `1.2 GiB`. */
export function showBytes(bytes: number): string {
  const size = Math.abs(bytes);
  let exponent = 0;
  while (exponent < byteUnits.length - 1 && size >= 1024 ** (exponent + 1)) exponent += 1;
  const value = bytes / 1024 ** exponent;
  const digits = exponent === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${byteUnits[exponent]}`;
}

/** A span of time in its two largest units: `3d 4h`, `2m 5s`. */
export function showSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const first = spanUnits.findIndex(([, length]) => seconds >= length);
  if (first < 0) return '0s';
  let rest = seconds;
  const parts = spanUnits.slice(first, first + 2).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return `${count}${unit}`;
  });
  return parts.filter((part) => !part.startsWith('0')).join(' ');
}

/** A whole number with its thousands apart: `12,345`. */
export function showCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** A share from 0 to 1 as a percentage: `98.1 %`. 100 % is all of it, and 0 % none. */
export function showShare(share: number): string {
  if (share > 0.999 && share < 1) return '99.9 %';
  if (share > 0 && share < 0.001) return '0.1 %';
  return `${Number((share * 100).toFixed(1))} %`;
}
