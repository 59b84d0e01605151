import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseDigest, type Digest } from '../registry/digest.ts';
import { errorCode, type BlobFiles } from './blobFiles.ts';
import type { BlobIndex } from './blobIndex.ts';
import type { ContentEntry } from './catalog.ts';
import type { CatalogTable } from './catalogTable.ts';
import type { KeyedQueue } from './keyedQueue.ts';
import type { PartialFiles } from './partialFiles.ts';
import type { Quarantine } from './quarantine.ts';
import type { RoomClaims } from './roomClaims.ts';
import { addShares, noShare, type Share } from './share.ts';
import type { StoreBudget } from './storeBudget.ts';
import type { StoreLayout } from './storeLayout.ts';

/** What a sweep removed, or would remove. */
export interface Swept {
  /** Files of blobs that nobody knows of. */
  readonly unreferenced: Share;
  /** Files of blobs that are not whole, and that nobody is at or waits for. */
  readonly temporary: Share;
  /** Damaged files that were kept for long enough. */
  readonly quarantined: Share;
  /** What was taken for held, and has no file. */
  readonly missing: readonly Digest[];
}

/** What a {@link StoreSweep} works with. */
export interface StoreSweepParts {
  readonly layout: StoreLayout;
  readonly index: BlobIndex;
  readonly files: BlobFiles;
  readonly contents: CatalogTable<ContentEntry>;
  readonly changes: KeyedQueue<Digest>;
  readonly budget: StoreBudget;
  readonly claims: RoomClaims;
  readonly partials: PartialFiles;
  readonly quarantine: Quarantine;
  /** The file of what is held is gone. */
  readonly forget: (digest: Digest, entry: ContentEntry) => Promise<unknown>;
}

// So many are looked at before other work gets its turn.
const atOnce = 500;

/** Finds what a fault has left on the disk of a running store, and what it has taken. */
export class StoreSweep {
  readonly #parts: StoreSweepParts;

  constructor(parts: StoreSweepParts) {
    this.#parts = parts;
  }

  async run(dryRun: boolean): Promise<Swept> {
    const { quarantine } = this.#parts;
    const found = new Set<Digest>();
    const unreferenced = await this.#sweepBlobs(found, dryRun);
    const temporary = await this.#sweepIncoming(dryRun);
    const quarantined = await quarantine.dropExpired(dryRun);
    const missing = await this.#findMissing(found, dryRun);
    return { unreferenced, temporary, quarantined, missing };
  }

  async #sweepBlobs(found: Set<Digest>, dryRun: boolean): Promise<Share> {
    let swept = noShare;
    for await (const names of this.#listings()) {
      for (const digest of names) {
        if (this.#parts.index.has(digest)) found.add(digest);
        else swept = addShares(swept, await this.#sweepBlob(digest, dryRun));
      }
    }
    return swept;
  }

  /** Within the changes of its digest, or a file that is just being named would be one of nobody. */
  #sweepBlob(digest: Digest, dryRun: boolean): Promise<Share> {
    const { changes, index, layout, files, contents } = this.#parts;
    return changes.run(digest, async () => {
      if (index.has(digest)) return noShare;
      const bytes = await sizeOf(layout.blobFile(digest));
      if (bytes === undefined) return noShare;
      if (!dryRun) {
        await files.remove(digest);
        await contents.delete(digest);
      }
      return { count: 1, bytes };
    });
  }

  /** While no blob begins: its file is there before anybody knows of it. */
  async #sweepIncoming(dryRun: boolean): Promise<Share> {
    const { layout, budget, partials, claims } = this.#parts;
    const expired = await partials.dropExpired(dryRun);
    const stray = await budget.exclusively(async () => {
      let swept = noShare;
      for (const name of await readdir(layout.incoming)) {
        const path = join(layout.incoming, name);
        if (claims.has(path) || partials.has(path)) continue;
        const bytes = await sizeOf(path);
        if (bytes === undefined) continue;
        if (!dryRun) await rm(path, { recursive: true, force: true });
        swept = addShares(swept, { count: 1, bytes });
      }
      return swept;
    });
    return addShares(expired, stray);
  }

  async #findMissing(found: ReadonlySet<Digest>, dryRun: boolean): Promise<Digest[]> {
    const { changes, index, layout, forget } = this.#parts;
    const missing: Digest[] = [];
    let seen = 0;
    for (const [digest] of index.held()) {
      seen += 1;
      if (seen % atOnce === 0) await nextTurn();
      if (found.has(digest)) continue;
      const entry = index.entry(digest);
      // What was kept since the files were listed is there.
      const size = await changes.run(digest, () => sizeOf(layout.blobFile(digest)));
      if (size !== undefined || entry === undefined) continue;
      missing.push(digest);
      if (!dryRun) await forget(digest, entry);
    }
    return missing;
  }

  /** The digests that files have their names of; other files are not the store's and left alone. */
  async *#listings(): AsyncGenerator<Digest[]> {
    const { layout } = this.#parts;
    for (const algorithm of await directoriesIn(layout.blobs)) {
      for (const shard of await directoriesIn(algorithm)) {
        const names = await readdir(shard);
        const digests = names.map((name) => parseDigest(`${basename(algorithm)}:${name}`));
        yield digests.filter(
          (digest) => digest !== undefined && layout.blobDirectory(digest) === shard,
        ) as Digest[];
      }
    }
  }
}

async function directoriesIn(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(parent, name));
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
