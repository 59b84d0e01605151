import { seededRandom } from './seededRandom.ts';

/** Choices that are the same for the same seed. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** Whether something comes about that does with this probability. */
  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** One of the list, which must not be empty. */
  pick<Item>(list: readonly Item[]): Item {
    return list[this.below(list.length)] as Item;
  }

  /** At least one and at most `most` of the list, in any order, some perhaps twice. */
  some<Item>(list: readonly Item[], most: number): Item[] {
    return Array.from({ length: 1 + this.below(most) }, () => this.pick(list));
  }

  /** A character from U+0000 to U+00FF, which stands for one byte. */
  byte(): string {
    return String.fromCharCode(this.below(256));
  }
}
