/** What a `Range` field asks of a blob; `start` and `end` count bytes from 0, `end` included. */
export type RangeRequest =
  | { readonly kind: 'whole' }
  | { readonly kind: 'range'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const whole: RangeRequest = { kind: 'whole' };
const unsatisfiable: RangeRequest = { kind: 'unsatisfiable' };

// RFC 9110 §14.1.2, one range alone; a list may have empty elements around it (§5.6.1.2).
const singleRange = /^[ \t]*bytes=[ \t,]*(\d*)-(\d*)[ \t,]*$/i;
const contentRangeValue = /^[ \t]*bytes[ \t]+(\d+)-(\d+)\/(\d+|\*)[ \t]*$/i;

/**
 * What to send of a blob of `size` bytes, by RFC 9110 §14.2. A field that is malformed or in another
 * unit is ignored, as the RFC wants. So is one that asks for several ranges, as the RFC allows:
 * containers/image, which asks like that for zstd:chunked layers, cuts its pieces out of the whole.
 * A range whose end lies before its start is unsatisfiable: the RFC would ignore it, but the
 * conformance suite of the OCI distribution-spec wants 416.
 */
export function selectRange(header: string | undefined, size: number): RangeRequest {
  const [, first, last] = singleRange.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return whole;
  return first === '' ? selectSuffix(Number(last), size) : selectSpan(first, last, size);
}

function selectSuffix(length: number, size: number): RangeRequest {
  if (length === 0 || size === 0) return unsatisfiable;
  return { kind: 'range', start: Math.max(0, size - length), end: size - 1 };
}

/** Numbers too large for a double lose digits or become infinite, yet stay beyond every size. */
function selectSpan(first: string, last: string, size: number): RangeRequest {
  const start = Number(first);
  const end = last === '' ? Infinity : Number(last);
  if (start >= size || end < start) return unsatisfiable;
  return { kind: 'range', start, end: Math.min(end, size - 1) };
}

/** The `Content-Range` of a 206 (RFC 9110 §14.4); positions as in {@link RangeRequest}. */
export function contentRange(start: number, end: number, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

/** The `Content-Range` of a 416 (RFC 9110 §14.4). */
export function unsatisfiedRange(size: number): string {
  return `bytes */${size}`;
}

/** What the `Content-Range` of a 206 says; `size`, in bytes, is `undefined` where it says `*`. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly size: number | undefined;
}

/**
 * Reads the `Content-Range` of an upstream's 206. `undefined` when it is missing, malformed, in
 * another unit, contradicts itself, or counts in numbers beyond exact arithmetic.
 */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const [, first, last, total] = contentRangeValue.exec(header ?? '') ?? [];
  const start = Number(first);
  const end = Number(last);
  const size = total === '*' ? undefined : Number(total);
  const sane = start <= end && end < (size ?? Infinity) && Number.isSafeInteger(size ?? end);
  return sane && Number.isSafeInteger(end) ? { start, end, size } : undefined;
}
