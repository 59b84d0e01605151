import { createHash } from 'node:crypto';
import { seededRandom } from '../http/seededRandom.ts';

/** Choices that look random and are the same each time for the same seed and purpose. */
export class Chance {
  readonly #next: () => number;

  /** `purpose` keeps one row of choices apart from the others of the same seed. */
  constructor(seed: number, ...purpose: ReadonlyArray<string | number>) {
    const hash = createHash('sha256').update([seed, ...purpose].join('/'));
    this.#next = seededRandom(hash.digest().readInt32LE());
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  /** A whole number of which small ones are as likely as large ones: 1 to 10 as 10 to 100. */
  magnitude(least: number, most: number): number {
    return Math.round(least * (most / least) ** this.#next());
  }

  /** One of a list that is not empty. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.whole(0, items.length - 1)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** The same items in another order. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, rank: this.#next() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ item }) => item);
  }
}
