import { DatabaseSync } from 'node:sqlite';

/** The store is in use by another process, which has to be stopped first. */
export class StoreLockedError extends Error {
  constructor(file: string, cause: unknown) {
    super(`another process is using ${file}: give each mirror a storage.directory of its own`, {
      cause,
    });
    this.name = 'StoreLockedError';
  }
}

const sqliteBusy = 5;

/**
 * Opens the database of the catalog, for this process alone: a second mirror on the same directory
 * would sweep away the first one's half-written blobs.
 *
 * In write-ahead mode with `synchronous = NORMAL` a power cut may lose the last entries but damages
 * nothing; what is lost is asked for again.
 *
 * @throws {StoreLockedError} when another process has it open
 */
export function openCatalogDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    database.close();
    if (isBusy(error)) throw new StoreLockedError(file, error);
    throw error;
  }
  return database;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
