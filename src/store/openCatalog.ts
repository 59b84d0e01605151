import { rename, rm } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { DamagedCatalogError, openCatalogDatabase } from './catalogDatabase.ts';

/**
 * Opens the catalog. A damaged one is set aside under a name that says so, for whoever wants to look at
 * it, and an empty one takes its place: the blobs are still there, and what the upstream said of them it
 * can say again. `failed` is told.
 * @throws {StoreLockedError} {@link StoreFormatError} or whatever else keeps it from being opened
 */
export async function openCatalog(
  file: string,
  now: number,
  failed: (error: unknown) => void,
): Promise<DatabaseSync> {
  try {
    return openCatalogDatabase(file);
  } catch (error) {
    if (!(error instanceof DamagedCatalogError)) throw error;
    const aside = `${file}.damaged-${new Date(now).toISOString().replaceAll(/[^\dTZ]/g, '')}`;
    await setAside(file, aside);
    failed(
      new DamagedCatalogError(file, `a new one is made, and it is set aside as ${aside}`, {
        cause: error,
      }),
    );
    return openCatalogDatabase(file);
  }
}

/** With its write-ahead log, which must not be replayed into another database. */
async function setAside(file: string, aside: string): Promise<void> {
  await rename(file, aside);
  await rename(`${file}-wal`, `${aside}-wal`).catch(() => undefined);
  for (const rest of ['-wal', '-shm', '-journal']) await rm(`${file}${rest}`, { force: true });
}
