/** A clock that stands still until it is told otherwise. Call it for the time in ms since 1970. */
export interface ManualClock {
  (): number;
  /** Moves on by so many milliseconds. */
  advance(milliseconds: number): void;
  /** Jumps to a time, in ms since 1970. */
  set(time: number): void;
}

/** A clock at the given time in ms since 1970; by default the start of 2026. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  return Object.assign(() => now, {
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
    set: (time: number) => {
      now = time;
    },
  });
}
