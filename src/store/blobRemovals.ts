import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '../registry/digest.ts';
import type { BlobFiles } from './blobFiles.ts';
import type { BlobIndex, Held } from './blobIndex.ts';
import type { EvictionReason } from './evictionReason.ts';
import type { ContentEntry } from './catalog.ts';
import type { CatalogTable } from './catalogTable.ts';
import type { KeyedQueue } from './keyedQueue.ts';
import { addShares, noShare, type Share } from './share.ts';

/** What {@link BlobRemovals} work with. */
export interface BlobRemovalsParts {
  readonly index: BlobIndex;
  readonly files: BlobFiles;
  readonly contents: CatalogTable<ContentEntry>;
  /** Files and their entries change together, one change of a digest after the other. */
  readonly changes: KeyedQueue<Digest>;
  /** Called when a blob is not held any more. */
  readonly forgotten: (digest: Digest) => void;
  readonly evicted: (size: number, reason: EvictionReason) => void;
  readonly failed: (error: unknown) => void;
}

/** How many blobs are removed together. */
export const removalBatch = 64;
// Of what is not held, as most of an image may be: so many are looked for before other work gets its turn.
const lookedAtOnce = 1000;
// Of the four threads that Node has for files: to remove a large one takes a while, and readers wait.
const atOnce = 2;

/** Takes blobs away: out of the index at once, then their files, then their entries. */
export class BlobRemovals {
  readonly #parts: BlobRemovalsParts;
  /** What was forgotten and is still on the disk, by the removal that is at it. */
  readonly #leaving = new Map<Promise<Share>, number>();

  constructor(parts: BlobRemovalsParts) {
    this.#parts = parts;
  }

  /** Bytes of the files that are being removed. */
  get bytes(): number {
    return this.#leaving.values().reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * Removes what is held of these when their turn comes, a batch after the other, and says what is gone then.
   */
  async removeAll(digests: Iterable<Digest>, reason: EvictionReason): Promise<Share> {
    let gone = noShare;
    let batch: Held[] = [];
    let looked = 0;
    for (const digest of digests) {
      looked += 1;
      if (looked % lookedAtOnce === 0) await nextTurn();
      const entry = this.#parts.index.describe(digest);
      if (entry !== undefined) batch.push([digest, entry]);
      if (batch.length < removalBatch) continue;
      gone = addShares(gone, await this.remove(batch, reason));
      batch = [];
    }
    return batch.length === 0 ? gone : addShares(gone, await this.remove(batch, reason));
  }

  /**
   * Removes one batch and says what is gone then. Readers that have one of the files open keep it; a file that
   * the disk does not let go stays held, for it can be served.
   */
  remove(blobs: readonly Held[], reason: EvictionReason): Promise<Share> {
    const digests = blobs.map(([digest]) => digest);
    for (const digest of digests) {
      this.#parts.index.delete(digest);
      this.#parts.forgotten(digest);
    }
    const removal = this.#parts.changes
      .runAll(digests, () => this.#removeFiles(blobs, reason))
      .finally(() => this.#leaving.delete(removal));
    this.#leaving.set(
      removal,
      blobs.reduce((sum, [, { size }]) => sum + size, 0),
    );
    return removal;
  }

  /** Settles when those that are under way have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#leaving.keys());
  }

  async #removeFiles(blobs: readonly Held[], reason: EvictionReason): Promise<Share> {
    const kept = new Set<Held>();
    const queue = blobs.values();
    const work = async (): Promise<void> => {
      for (const blob of queue) if (!(await this.#removeFile(blob))) kept.add(blob);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    const gone = blobs.filter((blob) => !kept.has(blob));
    for (const [, { size }] of gone) this.#parts.evicted(size, reason);
    try {
      await this.#parts.contents.deleteMany(gone.map(([digest]) => digest));
    } catch (error) {
      this.#parts.failed(error);
    }
    return { count: gone.length, bytes: gone.reduce((sum, [, { size }]) => sum + size, 0) };
  }

  /** Whether the file is gone, and with it the blob. */
  async #removeFile([digest, entry]: Held): Promise<boolean> {
    const { index, files, failed } = this.#parts;
    // It may have been kept anew since the removal was asked for.
    if (index.has(digest)) return false;
    try {
      await files.remove(digest);
      return true;
    } catch (error) {
      failed(error);
      index.restore(digest, entry);
      return false;
    }
  }
}
