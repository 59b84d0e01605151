/** How many of something there are, and their bytes. */
export interface Share {
  readonly count: number;
  readonly bytes: number;
}

/** None of something. */
export const noShare: Share = { count: 0, bytes: 0 };

/** Two shares together. */
export function addShares(one: Share, other: Share): Share {
  return { count: one.count + other.count, bytes: one.bytes + other.bytes };
}
