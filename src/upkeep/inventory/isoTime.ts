/** A time in milliseconds since the epoch as ISO 8601; `null`, as in JSON, where there is none. */
export function isoTime(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
