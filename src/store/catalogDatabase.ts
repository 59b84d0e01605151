import { DatabaseSync } from 'node:sqlite';
import { requireKnownCatalog } from './storeFormat.ts';
import { sqliteCode } from './sqliteCode.ts';

/** The store is in use by another process, a mirror or a command, which has to end first. */
export class StoreLockedError extends Error {
  constructor(file: string, cause: unknown) {
    super(
      `another pullthrough, a mirror or a command, is using ${file}: stop it or wait for it, or use another storage.directory`,
      { cause },
    );
    this.name = 'StoreLockedError';
  }
}

/** What is in the file of the catalog is no database, or no whole one. */
export class DamagedCatalogError extends Error {
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`the catalog ${file} is damaged: ${reason}`, options);
    this.name = 'DamagedCatalogError';
  }
}

// Pages of 4 KiB in the write-ahead log before they are put where they belong. That is done with an fsync, by
// whoever writes next, while everything else waits: 10 to 18 ms for these, 25 to 50 ms for the 1000 that
// SQLite takes by itself, with ten thousand entries and their files being deleted.
const pagesAtCheckpoint = 200;

const sqliteBusy = 5;
const sqliteCorrupt = 11;
const sqliteNoDatabase = 26;

/**
 * Opens the database of the catalog, for this process alone: a second mirror on the same directory
 * would sweep away the first one's half-written blobs.
 *
 * In write-ahead mode with `synchronous = NORMAL` a power cut may lose the last entries but damages
 * nothing; what is lost is asked for again. That nothing is damaged is looked at here and now, a tenth of a
 * second for 200,000 entries: what was found later would fail the pulls that need it.
 *
 * @throws {StoreLockedError} when another process has it open
 * @throws {StoreFormatError} when a newer program wrote it
 * @throws {DamagedCatalogError}
 */
export function openCatalogDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    requireKnownCatalog(database, file);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA wal_autocheckpoint = ${pagesAtCheckpoint}`);
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (found !== 'ok') throw new DamagedCatalogError(file, String(found));
    return database;
  } catch (error) {
    database.close();
    const code = sqliteCode(error);
    if (code === sqliteBusy) throw new StoreLockedError(file, error);
    if (code !== sqliteCorrupt && code !== sqliteNoDatabase) throw error;
    throw new DamagedCatalogError(file, String(error), { cause: error });
  }
}
