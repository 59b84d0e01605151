import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';
import { KeyedQueue } from './keyedQueue.ts';

// Written in one transaction, during which nothing else runs: a few milliseconds.
const pageSize = 250;

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
  /**
   * Changes that the store failed to take. They are not left to {@link #recent}, which forgets, and what
   * was said to be gone would be back; there are as many as were changed while the store failed.
   */
  readonly #unwritten = new Map<string, Entry | typeof absent>();
  /** The keys that are being written, with how often. */
  readonly #inFlight = new Map<string, number>();
  /** The one round that writes down what the store did not take before. */
  #catchingUp: Promise<void> | undefined;
  /** What that round is writing now; never rejects. */
  #page: Promise<boolean> | undefined;
  /** Goes up when a write begins and when it ends: what was read across one may be out of date. */
  #writes = 0;
  #changes = 0;

  /**
   * `keyv` must have been made with `throwOnErrors`, and is this table's alone; `remembered` is a number of
   * entries.
   */
  constructor(keyv: Keyv<Entry>, remembered: number) {
    // Keyv's own way looks for buffers in each value, which takes longer than to parse it.
    keyv.serialize = JSON.stringify;
    keyv.deserialize = JSON.parse;
    this.#keyv = keyv;
    // With `max` it would make room for all of them at once: for the tables of a catalog 10 ms and 2 MB.
    this.#recent = new LRUCache({ maxSize: remembered, sizeCalculation: () => 1 });
  }

  /** Goes up with each change of an entry: while it stays the same, so does all that was read. */
  get changes(): number {
    return this.#changes;
  }

  /** What {@link get} would say, as far as that is in memory: `null` for no entry, `undefined` where the store has to be asked. */
  recall(key: string): Entry | null | undefined {
    const recent = this.#unwritten.get(key) ?? this.#recent.get(key);
    return recent === absent ? null : recent;
  }

  /** Reads an entry. */
  async get(key: string): Promise<Entry | undefined> {
    const recent = this.recall(key);
    if (recent !== undefined) return recent ?? undefined;
    const writes = this.#writes;
    const entry = await this.#keyv.get<Entry>(key);
    if (writes === this.#writes) this.#recent.set(key, entry ?? absent);
    return entry;
  }

  /** Writes an entry; it is read back even by a process that starts after this one was killed. */
  async set(key: string, entry: Entry): Promise<void> {
    await this.#write([key], () => this.#keyv.set(key, entry));
    this.#remember([key], entry);
  }

  /**
   * Changes what an entry is; changes of one entry happen one after the other, so that none is lost. A
   * change counts for as long as this process lives even where the store fails to take it, and is written
   * down when the store works again.
   */
  update(key: string, change: (known: Entry | undefined) => Entry): Promise<void> {
    return this.#updates.run(key, async () => {
      const entry = change(await this.get(key));
      await this.#insist([key], entry, () => this.#keyv.set(key, entry));
    });
  }

  /** Writes many entries, all or none of them. */
  async setMany(entries: ReadonlyArray<readonly [string, Entry]>): Promise<void> {
    if (entries.length === 0) return;
    const keys = entries.map(([key]) => key);
    await this.#write(keys, () =>
      this.#keyv.setMany(entries.map(([key, value]) => ({ key, value }))),
    );
    for (const [key, entry] of entries) this.#remember([key], entry);
  }

  /**
   * Removes an entry, if there is one; it is not found any more even where the store fails to do so, as for
   * {@link update}.
   */
  delete(key: string): Promise<void> {
    return this.#insist([key], absent, () => this.#keyv.delete(key));
  }

  /**
   * Removes many entries in one transaction; as with {@link delete} none of them is found any more even where
   * the store fails to do so. Nothing else runs meanwhile: a few hundred at a time keep that short.
   */
  async deleteMany(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#insist(keys, absent, () => this.#keyv.deleteMany([...keys]));
  }

  /** All entries, in no promised order. */
  async *entries(): AsyncGenerator<readonly [string, Entry]> {
    for await (const page of this.pages()) yield* page;
  }

  /**
   * All entries in pages of a few hundred, in no promised order; much faster than one by one. Other work gets
   * its turn between pages: what comes or goes meanwhile is among them or not.
   */
  async *pages(): AsyncGenerator<ReadonlyArray<readonly [string, Entry]>> {
    // What the store gets only now it may get where it was read already.
    const waiting = new Set(this.#unwritten.keys());
    for await (const page of this.#storedPages()) {
      if (waiting.size > 0) for (const [key] of page) waiting.delete(key);
      yield this.#unwritten.size === 0 ? page : page.flatMap((one) => this.#asChanged(one));
    }
    for (const key of waiting) {
      const entry = await this.get(key);
      if (entry !== undefined) yield [[key, entry]];
    }
  }

  /** Settles when nothing is being written down that the store did not take before; to be awaited before it closes. */
  async settled(): Promise<void> {
    await this.#catchingUp;
  }

  async *#storedPages(): AsyncGenerator<ReadonlyArray<readonly [string, Entry]>> {
    const { store, iterator } = this.#keyv;
    if (isPaged(store)) {
      for await (const page of store.pages())
        yield page.map(([key, text]) => [key, this.#parse(text)]);
      return;
    }
    if (iterator === undefined) throw new Error('the catalog needs a Keyv store that can iterate');
    const entries = iterator.call(this.#keyv, undefined) as AsyncGenerator<[string, Entry]>;
    for await (const entry of entries) yield [entry];
  }

  /** Keyv keeps a value beside its expiry, which entries of the catalog don't have. */
  #parse(text: string): Entry {
    return (JSON.parse(text) as { value: Entry }).value;
  }

  /** What an entry is by now, if the store did not take the last change of it. */
  #asChanged([key, stored]: readonly [string, Entry]): Array<readonly [string, Entry]> {
    const change = this.#unwritten.get(key);
    return change === absent ? [] : [[key, change ?? stored]];
  }

  /** Makes a change of each of the keys, which counts whether or not the store takes it. */
  async #insist(
    keys: readonly string[],
    change: Entry | typeof absent,
    write: () => Promise<unknown>,
  ): Promise<void> {
    this.#remember(keys, change);
    try {
      await this.#write(keys, write);
    } catch (error) {
      for (const key of keys) this.#unwritten.set(key, change);
      this.#changes += 1;
      throw error;
    }
    this.#remember(keys, change);
  }

  #remember(keys: readonly string[], change: Entry | typeof absent): void {
    for (const key of keys) this.#recent.set(key, change);
    this.#changes += 1;
  }

  async #write(keys: readonly string[], write: () => Promise<unknown>): Promise<void> {
    this.#writes += 1;
    for (const key of keys) this.#inFlight.set(key, (this.#inFlight.get(key) ?? 0) + 1);
    try {
      // It may be writing an older change of them, which must not come after this one.
      await this.#page;
      await write();
      for (const key of keys) this.#unwritten.delete(key);
    } finally {
      this.#writes += 1;
      for (const key of keys) this.#land(key);
    }
    if (this.#unwritten.size > 0) this.#catchingUp ??= this.#catchUp();
  }

  #land(key: string): void {
    const others = (this.#inFlight.get(key) ?? 1) - 1;
    if (others === 0) this.#inFlight.delete(key);
    else this.#inFlight.set(key, others);
  }

  /**
   * Writes down what the store did not take before, with a turn for others before each page; what it does not
   * take now either waits on.
   */
  async #catchUp(): Promise<void> {
    await nextTurn();
    for (let page = this.#nextPage(); page.length > 0; page = this.#nextPage()) {
      this.#page = this.#writePage(page);
      if (!(await this.#page)) break;
      await nextTurn();
    }
    this.#catchingUp = undefined;
  }

  /** Where a newer change is on its way, this one must not come after it. */
  #nextPage(): Array<Change<Entry>> {
    const waiting = this.#unwritten.entries().filter(([key]) => !this.#inFlight.has(key));
    return [...waiting.take(pageSize)];
  }

  /** Whether the store took all of it. Removals come first: they make room on a full disk. */
  async #writePage(page: ReadonlyArray<Change<Entry>>): Promise<boolean> {
    const removed = page.filter(([, change]) => change === absent);
    const set = page.flatMap(([key, value]) => (value === absent ? [] : [{ key, value }]));
    try {
      if (removed.length > 0) await this.#keyv.deleteMany(removed.map(([key]) => key));
      if (set.length > 0) await this.#keyv.setMany(set);
    } catch {
      return false;
    }
    for (const [key, change] of page) {
      // It may have been changed anew since, which the store did not take.
      if (this.#unwritten.get(key) === change) this.#unwritten.delete(key);
    }
    return true;
  }
}

/** What the entry of a key is by now. */
type Change<Entry> = readonly [string, Entry | typeof absent];

/** A store that can be read many entries at a time, by their keys within Keyv's namespace, as they were serialized. */
interface PagedStore {
  pages(): AsyncIterable<ReadonlyArray<readonly [key: string, text: string]>>;
}

function isPaged(store: unknown): store is PagedStore {
  return typeof store === 'object' && store !== null && 'pages' in store;
}
