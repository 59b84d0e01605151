import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { parseDigest, type Digest } from '../registry/digest.ts';
import { BlobStore, type BlobStoreOptions } from './blobStore.ts';
import { Catalog, type ContentEntry } from './catalog.ts';
import { openCatalogDatabase } from './catalogDatabase.ts';
import { SqliteKeyvStore } from './sqliteKeyvStore.ts';
import { StoreLayout } from './storeLayout.ts';

/** What is kept: the bytes and all that is known about them. */
export class Store {
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  readonly #database: DatabaseSync;

  private constructor(blobs: BlobStore, catalog: Catalog, database: DatabaseSync) {
    this.blobs = blobs;
    this.catalog = catalog;
    this.#database = database;
  }

  /**
   * Opens the store of a directory, which is made if it is not there, sweeps what was half written and
   * brings files and catalog into agreement.
   * @throws {StoreLockedError} when another process uses it
   */
  static async open(directory: string, options: BlobStoreOptions): Promise<Store> {
    const layout = new StoreLayout(directory);
    await mkdir(layout.blobs, { recursive: true });
    const database = openCatalogDatabase(layout.catalog);
    try {
      // First of all, for on a full disk this makes the room to write what follows.
      await rm(layout.incoming, { recursive: true, force: true });
      await mkdir(layout.incoming);
      await writeFile(join(layout.directory, 'CACHEDIR.TAG'), cacheDirectoryTag);
      const catalog = new Catalog(() => new SqliteKeyvStore(database));
      const blobs = new BlobStore(layout, catalog.contents, options);
      blobs.load(await reconcile(layout, catalog));
      return new Store(blobs, catalog, database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Shows that bytes and catalog can be written and read. */
  async probe(): Promise<void> {
    await this.blobs.probe();
    await this.catalog.repositories.set(probeKey, {});
    await this.catalog.repositories.delete(probeKey);
  }

  /** Lets go of the directory, when evictions that are under way have ended. */
  async close(): Promise<void> {
    await this.blobs.settled();
    this.#database.close();
  }
}

// No upstream has an empty name, so no repository can have this key.
const probeKey = '/probe';

// https://bford.info/cachedir/: backup programs leave directories with this file alone.
const cacheDirectoryTag = `Signature: 8a477f597d28d172789f06886806bc55
# The cache of a pullthrough mirror: all of it can be fetched again.
`;

/** Entries with their files, oldest first; entries without are dropped, files without get one. */
async function reconcile(
  layout: StoreLayout,
  catalog: Catalog,
): Promise<Array<[Digest, ContentEntry]>> {
  const files = await listBlobs(layout);
  const held: Array<[Digest, ContentEntry]> = [];
  for await (const [key, entry] of catalog.contents.entries()) {
    const digest = parseDigest(key);
    if (digest !== undefined && files.delete(digest)) held.push([digest, entry]);
    else await catalog.contents.delete(key);
  }
  for (const digest of files) {
    const { size, mtimeMs } = await stat(layout.blobFile(digest));
    const entry: ContentEntry = { size, storedAt: Math.trunc(mtimeMs) };
    await catalog.contents.set(digest, entry);
    held.push([digest, entry]);
  }
  return held.toSorted(([, a], [, b]) => a.storedAt - b.storedAt);
}

/** The blobs that lie where they belong; other files are not the store's and left alone. */
async function listBlobs(layout: StoreLayout): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  for (const algorithm of await directories(layout.blobs)) {
    for (const shard of await directories(algorithm)) {
      for (const file of await readdir(shard, { withFileTypes: true })) {
        const digest = parseDigest(`${basename(algorithm)}:${file.name}`);
        if (digest === undefined || !file.isFile()) continue;
        if (layout.blobDirectory(digest) === shard) found.add(digest);
      }
    }
  }
  return found;
}

async function directories(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(parent, name));
}
