/** Files that are kept as long as nobody else needs their room. */
export interface Expendable {
  /** What they take of the disk. */
  readonly bytes: number;
  /** Removes the one that matters least and says how many bytes that gave; `undefined` when there is none. */
  dropOldest(): Promise<number | undefined>;
  /** Settles when no removal is under way. */
  settled(): Promise<void>;
}
