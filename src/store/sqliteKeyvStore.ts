import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { KeyvStoreAdapter, StoredData } from 'keyv';
import { sqliteCode } from './sqliteCode.ts';

/** Values of Keyv as they lie in the table: JSON text, with Keyv's own expiry inside. */
type Row = { key: string; value: string };

/**
 * A Keyv 5 storage adapter over one table of an embedded SQLite database. Each Keyv namespace needs
 * an adapter of its own: Keyv writes its namespace into the adapter, so two that share one would both
 * read the last one's entries. The database is the caller's to close.
 */
export class SqliteKeyvStore extends EventEmitter implements KeyvStoreAdapter {
  /** Keyv offers its iterator only to the dialects that it knows. */
  readonly opts = { dialect: 'sqlite', url: 'sqlite://embedded' };
  namespace?: string;
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  readonly #page: StatementSync;
  readonly #longestTurn: number;
  readonly #failed: (error: unknown) => void;

  /**
   * An iteration reads `page` entries at a time, and lets other work have its turn between pages when it has
   * gone on for `longestTurn` ms, with what is done with the entries. `failed` is told of each write that the
   * disk refuses, which throws all the same.
   */
  constructor(
    database: DatabaseSync,
    page = 250,
    failed: (error: unknown) => void = () => {},
    longestTurn = 5,
  ) {
    super();
    this.#database = database;
    this.#failed = failed;
    this.#longestTurn = longestTurn;
    database.exec(
      'CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    );
    this.#get = database.prepare('SELECT value FROM entries WHERE key = ?');
    this.#set = database.prepare(
      'INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
    this.#delete = database.prepare('DELETE FROM entries WHERE key = ?');
    this.#page = database.prepare(
      `SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key LIMIT ${page}`,
    );
    this.#page.setReturnArrays(true);
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    return (this.#get.get(key) as Row | undefined)?.value as StoredData<Value> | undefined;
  }

  async getMany<Value>(keys: string[]): Promise<Array<StoredData<Value | undefined>>> {
    return Promise.all(keys.map((key) => this.get<Value>(key)));
  }

  async set(key: string, value: string): Promise<boolean> {
    this.#write(() => this.#set.run(key, value));
    return true;
  }

  async setMany(entries: Array<{ key: string; value: string }>): Promise<void> {
    this.#inTransaction(() => {
      for (const { key, value } of entries) this.#set.run(key, value);
    });
  }

  async delete(key: string): Promise<boolean> {
    return this.#write(() => this.#delete.run(key)).changes > 0;
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    let deleted = 0;
    this.#inTransaction(() => {
      for (const key of keys) deleted += Number(this.#delete.run(key).changes);
    });
    return deleted > 0;
  }

  async clear(): Promise<void> {
    const [first, end] = this.#bounds();
    const statement = this.#database.prepare('DELETE FROM entries WHERE key >= ? AND key < ?');
    this.#write(() => statement.run(first, end));
  }

  async *iterator<Value>(): AsyncGenerator<Array<string | Awaited<Value> | undefined>, void> {
    for await (const page of this.pages()) {
      for (const [key, value] of page) yield [`${this.#prefix}${key}`, value];
    }
  }

  /**
   * What {@link iterator} gives, many at a time and by the keys within the namespace: where each entry comes
   * out of generators by itself, a hundred thousand of them take as long as all the rest of a start.
   */
  async *pages(): AsyncGenerator<ReadonlyArray<readonly [key: string, value: string]>, void> {
    const [first, end] = this.#bounds();
    const keyAt = this.#prefix.length;
    let from = first;
    let turn = performance.now();
    for (;;) {
      const rows = this.#page.all(from, end) as unknown as Array<[string, string]>;
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map(([key, value]) => [key.slice(keyAt), value]);
      from = `${last[0]}\0`;
      if (performance.now() - turn < this.#longestTurn) continue;
      await nextTurn();
      turn = performance.now();
    }
  }

  get #prefix(): string {
    return this.namespace === undefined ? '' : `${this.namespace}:`;
  }

  /** Keys of a namespace are `namespace:key`; `;` is the character that follows `:`. */
  #bounds(): [string, string] {
    return this.namespace === undefined ? ['', '\u{10ffff}'] : [this.#prefix, `${this.namespace};`];
  }

  /** Faults of the disk are thrown as files report them: callers need not know what they write to. */
  #write<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      const code = diskFaults.get(sqliteCode(error));
      if (code === undefined || !(error instanceof Error)) throw error;
      const fault = new Error(`the catalog can't be written: ${error.message}`, { cause: error });
      this.#failed(fault);
      throw Object.assign(fault, { code });
    }
  }

  #inTransaction(work: () => void): void {
    this.#write(() => {
      this.#database.exec('BEGIN');
      try {
        work();
        this.#database.exec('COMMIT');
      } catch (error) {
        // On a full disk SQLite has rolled back by itself.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }
}

/** What the disk did to SQLite, by SQLite's primary result codes, as files report it. */
const diskFaults: ReadonlyMap<number | undefined, string> = new Map([
  // SQLITE_FULL
  [13, 'ENOSPC'],
  // SQLITE_READONLY, also of a file that was moved or deleted under it
  [8, 'EROFS'],
  // SQLITE_IOERR, SQLITE_CANTOPEN of the log, SQLITE_CORRUPT
  [10, 'EIO'],
  [14, 'EIO'],
  [11, 'EIO'],
]);
