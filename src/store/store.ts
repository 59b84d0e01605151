import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { BlobStore, type BlobStoreOptions } from './blobStore.ts';
import { Catalog } from './catalog.ts';
import { openCatalog } from './openCatalog.ts';
import { readQuarantine } from './quarantine.ts';
import { reconcile } from './reconcile.ts';
import { SqliteKeyvStore } from './sqliteKeyvStore.ts';
import { markKnownCatalog, requireKnownDirectory } from './storeFormat.ts';
import { StoreLayout } from './storeLayout.ts';
import { sweepIncoming } from './sweepIncoming.ts';

/**
 * What is kept: the bytes and all that is known about them.
 *
 * A directory that is deleted while the process runs is not made anew, for it may be a volume that was
 * unmounted. SQLite goes on in the file that has no name any more: what is noted there counts as long as the
 * process lives, no longer, and {@link Store.probe} says that the store is not ready.
 */
export class Store {
  readonly #layout: StoreLayout;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  readonly #database: DatabaseSync;

  private constructor(
    layout: StoreLayout,
    blobs: BlobStore,
    catalog: Catalog,
    database: DatabaseSync,
  ) {
    this.#layout = layout;
    this.blobs = blobs;
    this.catalog = catalog;
    this.#database = database;
  }

  /**
   * Opens the store of a directory, which is made if it is not there, sweeps what was half written and
   * brings files and catalog into agreement. A catalog that is lost or damaged is made anew from the blobs;
   * what the upstream said of them it is asked for again.
   * @throws {StoreLockedError} when another process uses it
   * @throws {StoreFormatError} when a newer program wrote it
   */
  static async open(directory: string, options: BlobStoreOptions): Promise<Store> {
    const layout = new StoreLayout(directory);
    await requireKnownDirectory(directory);
    await mkdir(layout.blobs, { recursive: true });
    const database = await openCatalog(layout.catalog, options.now(), options.failed);
    try {
      // First of all, for on a full disk this makes the room to write what follows.
      const partials = await sweepIncoming(layout, options.minFree, options.now());
      await writeFile(join(layout.directory, 'CACHEDIR.TAG'), cacheDirectoryTag);
      markKnownCatalog(database);
      const catalog = new Catalog(() => new SqliteKeyvStore(database, undefined, options.failed));
      const blobs = new BlobStore(layout, catalog.contents, options);
      blobs.load(await reconcile(layout, catalog.contents));
      blobs.loadPartials(partials);
      blobs.loadQuarantined(await readQuarantine(layout));
      return new Store(layout, blobs, catalog, database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Shows that bytes and catalog can be written and read. */
  async probe(): Promise<void> {
    await this.blobs.probe();
    await access(this.#layout.catalog);
    await this.catalog.repositories.set(probeKey, {});
    await this.catalog.repositories.delete(probeKey);
  }

  /** Lets go of the directory, when evictions that are under way have ended and all uses are written down. */
  async close(): Promise<void> {
    await this.blobs.close();
    await this.catalog.settled();
    this.#database.close();
  }
}

// No upstream has an empty name, so no repository can have this key.
const probeKey = '/probe';

// https://bford.info/cachedir/: backup programs leave directories with this file alone.
const cacheDirectoryTag = `Signature: 8a477f597d28d172789f06886806bc55
# The cache of a pullthrough mirror: all of it can be fetched again.
`;
