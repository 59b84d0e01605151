import { mkdir, readdir } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';

/** The store was written by a newer program, whose format this one could only misread. */
export class StoreFormatError extends Error {
  constructor(what: string, format: number) {
    super(
      `${what} is of format ${format}, and this version of pullthrough knows ${knownFormat}: run the newer ` +
        'version that wrote it, or give this one a storage.directory of its own',
    );
    this.name = 'StoreFormatError';
  }
}

/** The format of the directory and of the catalog within. */
const knownFormat = 1;

/**
 * Makes the directory if it is not there, and looks whether a newer program has kept a store in it: each
 * format has a directory of its own, `v` and a number.
 * @throws {StoreFormatError}
 */
export async function requireKnownDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    const format = Number(/^v([1-9]\d*)$/.exec(name)?.[1] ?? 0);
    if (format > knownFormat) throw new StoreFormatError(directory, format);
  }
}

/**
 * Looks which format a catalog is of; a new one has none yet, nor had those of the first versions.
 * @throws {StoreFormatError}
 */
export function requireKnownCatalog(database: DatabaseSync, file: string): void {
  const format = formatOf(database);
  if (format > knownFormat) throw new StoreFormatError(file, format);
}

/** Marks a catalog with the known format, for the sake of older versions that may come upon it. */
export function markKnownCatalog(database: DatabaseSync): void {
  if (formatOf(database) < knownFormat) database.exec(`PRAGMA user_version = ${knownFormat}`);
}

function formatOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}
