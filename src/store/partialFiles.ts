import { rm } from 'node:fs/promises';
import type { Digest } from '../registry/digest.ts';
import type { Expendable } from './expendable.ts';
import { PartialBlobs, type PartialBlob, type PartialBlobsOptions } from './partialBlobs.ts';
import { addShares, noShare, type Share } from './share.ts';

/** What {@link PartialFiles} work with. */
export interface PartialFilesOptions extends PartialBlobsOptions {
  /** A file could not be removed. */
  readonly failed: (error: unknown) => void;
}

/** The files of blobs that could not be had whole. */
export class PartialFiles implements Expendable {
  readonly #blobs: PartialBlobs;
  readonly #failed: (error: unknown) => void;
  readonly #removals = new Map<Promise<void>, number>();
  /** Bytes of files that the disk did not let go. */
  #stuck = 0;

  constructor(options: PartialFilesOptions) {
    this.#blobs = new PartialBlobs(options);
    this.#failed = options.failed;
  }

  get count(): number {
    return this.#blobs.count;
  }

  get bytes(): number {
    let bytes = this.#blobs.bytes + this.#stuck;
    for (const leaving of this.#removals.values()) bytes += leaving;
    return bytes;
  }

  /** Whether the file is one of these. */
  has(path: string): boolean {
    return this.#blobs.has(path);
  }

  /** Takes one in; those that have to go for it, be it this one, are removed. */
  add(partial: PartialBlob): void {
    for (const gone of this.#blobs.add(partial)) this.remove(gone);
  }

  /** Hands out what is held of a blob, if anything is; from then on it is the caller's. */
  take(digest: Digest): PartialBlob | undefined {
    return this.#blobs.take(digest);
  }

  /** Removes the file of one that is not among these, or not any more. */
  remove({ path, length }: PartialBlob): void {
    const removal = rm(path, { force: true })
      .catch((error: unknown) => {
        this.#stuck += length;
        this.#failed(error);
      })
      .finally(() => this.#removals.delete(removal));
    this.#removals.set(removal, length);
  }

  /** Removes those that nobody waits for any more, or says what they are. */
  async dropExpired(dryRun: boolean): Promise<Share> {
    const expired = dryRun ? this.#blobs.expired() : this.#blobs.takeExpired();
    if (!dryRun) for (const partial of expired) this.remove(partial);
    await this.settled();
    return expired.reduce(
      (sum, { length }) => addShares(sum, { count: 1, bytes: length }),
      noShare,
    );
  }

  async dropOldest(): Promise<number | undefined> {
    for (;;) {
      const partial = this.#blobs.takeOldest();
      if (partial === undefined) return undefined;
      try {
        await rm(partial.path, { force: true });
        return partial.length;
      } catch (error) {
        this.#stuck += partial.length;
        this.#failed(error);
      }
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#removals.keys());
  }
}
