import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '../registry/digest.ts';
import type { BlobIndex, Held } from './blobIndex.ts';
import type { ContentEntry } from './catalog.ts';
import type { CatalogTable } from './catalogTable.ts';
import type { KeyedQueue } from './keyedQueue.ts';

/** What {@link RecencyNotes} work with. */
export interface RecencyNotesParts {
  readonly index: BlobIndex;
  readonly contents: CatalogTable<ContentEntry>;
  /** One change of a digest's entry after the other. */
  readonly changes: KeyedQueue<Digest>;
}

// Written in one transaction, during which nothing else runs: a millisecond or two.
const page = 250;

/**
 * Writes down when blobs were last used, for the next process. Not at each use, for a hit must cost no write:
 * a process that is killed loses what was used since the last time.
 */
export class RecencyNotes {
  readonly #parts: RecencyNotesParts;

  constructor(parts: RecencyNotesParts) {
    this.#parts = parts;
  }

  /** Writes down all uses up to now; those that the disk refuses wait for the next time. */
  async write(): Promise<void> {
    const { index } = this.#parts;
    for (let left = index.unwritten; left > 0; left -= page) {
      const digests = index.takeUnwritten(Math.min(left, page));
      try {
        await this.#writePage(digests);
      } catch (error) {
        index.giveBackUnwritten(digests);
        throw error;
      }
      // What the catalog does takes no turn of the event loop.
      await nextTurn();
    }
  }

  /** Within the changes of the digests: what was removed must not get its entry back. */
  #writePage(digests: readonly Digest[]): Promise<void> {
    const { index, contents, changes } = this.#parts;
    return changes.runAll(digests, async () => {
      const held: Held[] = [];
      for (const digest of digests) {
        const entry = index.describe(digest);
        if (entry !== undefined) held.push([digest, entry]);
      }
      await contents.setMany(held);
    });
  }
}
