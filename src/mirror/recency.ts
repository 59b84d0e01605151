/** After a failed check the upstream is not asked again for so long: one time-out a while, not one a pull. */
export const pauseAfterFailure = 30_000;

/**
 * Whether less than a period has passed since a time; all in milliseconds of one clock. A clock that was
 * set back makes what happened look younger than nothing: that is not recent.
 */
export function isRecent(since: number | undefined, period: number, now: number): boolean {
  if (since === undefined) return false;
  const age = now - since;
  return age >= 0 && age < period;
}
