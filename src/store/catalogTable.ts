import type { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';
import { KeyedQueue } from './keyedQueue.ts';

/** Remembered in the place of an entry that is not there. */
const absent = Symbol('absent');

/**
 * One kind of entry of the catalog: a Keyv namespace with what was looked up most recently in memory,
 * be it that there is nothing: most repositories have no entry, and each hit asks for it.
 * An absent entry is `undefined`; a store that fails is an exception and never an empty answer, which
 * would send every client to the upstream. The memory is right because this process alone writes.
 */
export class CatalogTable<Entry extends object> {
  readonly #keyv: Keyv<Entry>;
  readonly #recent: LRUCache<string, Entry | typeof absent>;
  readonly #updates = new KeyedQueue<string>();
  /** Goes up when a write begins and when it ends: what was read across one may be out of date. */
  #writes = 0;

  /** `keyv` must have been made with `throwOnErrors`; `remembered` is a number of entries. */
  constructor(keyv: Keyv<Entry>, remembered: number) {
    this.#keyv = keyv;
    this.#recent = new LRUCache({ max: remembered });
  }

  /** Reads an entry. */
  async get(key: string): Promise<Entry | undefined> {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent === absent ? undefined : recent;
    const writes = this.#writes;
    const entry = await this.#keyv.get<Entry>(key);
    if (writes === this.#writes) this.#recent.set(key, entry ?? absent);
    return entry;
  }

  /** Writes an entry; it is read back even by a process that starts after this one was killed. */
  async set(key: string, entry: Entry): Promise<void> {
    await this.#write(() => this.#keyv.set(key, entry));
    this.#recent.set(key, entry);
  }

  /**
   * Changes what an entry is; changes of one entry happen one after the other, so that none is lost. A
   * change counts for as long as it is remembered even where the store fails to take it.
   */
  update(key: string, change: (known: Entry | undefined) => Entry): Promise<void> {
    return this.#updates.run(key, async () => {
      const entry = change(await this.get(key));
      this.#recent.set(key, entry);
      await this.set(key, entry);
    });
  }

  /** Writes many entries, all or none of them. */
  async setMany(entries: ReadonlyArray<readonly [string, Entry]>): Promise<void> {
    if (entries.length === 0) return;
    await this.#write(() => this.#keyv.setMany(entries.map(([key, value]) => ({ key, value }))));
    for (const [key, entry] of entries) this.#recent.set(key, entry);
  }

  /** Removes an entry, if there is one; it is not found any more even where the store fails to do so. */
  async delete(key: string): Promise<void> {
    this.#recent.set(key, absent);
    await this.#write(() => this.#keyv.delete(key));
    this.#recent.set(key, absent);
  }

  /** All entries, in no promised order. */
  async *entries(): AsyncGenerator<[string, Entry]> {
    const iterate = this.#keyv.iterator;
    if (iterate === undefined) throw new Error('the catalog needs a Keyv store that can iterate');
    yield* iterate.call(this.#keyv, undefined) as AsyncGenerator<[string, Entry]>;
  }

  async #write(write: () => Promise<unknown>): Promise<void> {
    this.#writes += 1;
    try {
      await write();
    } finally {
      this.#writes += 1;
    }
  }
}
