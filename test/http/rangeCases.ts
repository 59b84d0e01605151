/** A range that can be satisfied, with the first and the last byte that it means. */
export type RangeCase = readonly [range: string, first: number, last: number];

/** With 2048 bytes, among others the ranges of the OCI distribution-spec's conformance suite. */
export function satisfiableRanges(size: number): readonly RangeCase[] {
  return [
    ['bytes=500-1499', 500, 1499],
    ['bytes=500-', 500, size - 1],
    ['bytes=-500', size - 500, size - 1],
    [`bytes=${size - 48}-${size + 2952}`, size - 48, size - 1],
    ['bytes=0-0', 0, 0],
    [`bytes=${size - 1}-`, size - 1, size - 1],
    ['bytes=-99999999999999999999', 0, size - 1],
    ['bytes=0-99999999999999999999', 0, size - 1],
  ];
}

/** Those that lie outside of the blob, or end before they begin. */
export function unsatisfiableRanges(size: number): readonly string[] {
  return [
    'bytes=500-0',
    `bytes=${size + 2952}-${size + 7952}`,
    `bytes=${size}-`,
    'bytes=-0',
    'bytes=99999999999999999999-',
  ];
}
