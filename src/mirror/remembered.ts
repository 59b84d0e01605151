import { LRUCache } from 'lru-cache';

const defaultMaximum = 10_000;

/** Findings that hold for as long as the process runs, the last ten thousand of them. */
export class Remembered<Finding extends object> {
  readonly #known: LRUCache<string, Finding | 'none'>;

  constructor(maximum = defaultMaximum) {
    // With `max` it would make room for all of them at once.
    this.#known = new LRUCache({ maxSize: maximum, sizeCalculation: () => 1 });
  }

  /** What was found under the key, or is found now; that nothing is found is remembered too. */
  get(key: string, find: () => Finding | undefined): Finding | undefined {
    let known = this.#known.get(key);
    if (known === undefined) {
      known = find() ?? 'none';
      this.#known.set(key, known);
    }
    return known === 'none' ? undefined : known;
  }
}
