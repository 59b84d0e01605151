import type { BlobSource } from '../store/blobSource.ts';
import { isDiskRefusal } from './diskRefusal.ts';

/** A source that can go on in the place of another. */
interface Successor extends BlobSource {
  takeOver(from: BlobSource, position: number): Promise<void>;
}

/**
 * A blob that is read from the disk, finished or while it comes in, and goes on by another way if the disk
 * fails under it: has no room, can't be read, or has less than the whole. Both ways lead to the same bytes.
 */
export class SpillingSource implements BlobSource {
  readonly #disk: BlobSource;
  readonly #openOther: () => Successor;
  #other: Successor | undefined;
  #closed = false;

  /** `openOther` is called once, when the disk fails. */
  constructor(disk: BlobSource, openOther: () => Successor) {
    this.#disk = disk;
    this.#openOther = openOther;
  }

  get size(): number | undefined {
    return this.#disk.size;
  }

  /** What comes another way belongs to no copy: nobody has compared it with the digest yet. */
  get copy(): string | symbol | undefined {
    return this.#other === undefined ? this.#disk.copy : undefined;
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    if (this.#other !== undefined) return this.#other.read(buffer, position);
    try {
      const count = await this.#disk.read(buffer, position);
      const { size } = this.#disk;
      if (count > 0 || this.#closed || size === undefined || position >= size) return count;
    } catch (error) {
      // A read may still be under way when its client has left: nobody would close what it opened.
      if (this.#closed || !isDiskRefusal(error)) throw error;
    }
    this.#other = this.#openOther();
    await this.#other.takeOver(this.#disk, position);
    // It would keep the file of a blob that found no room on the disk, which nobody counts any more.
    await this.#disk.close();
    return this.#other.read(buffer, position);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#disk.close();
    await this.#other?.close();
  }
}
