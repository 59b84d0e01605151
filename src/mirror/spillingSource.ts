import type { BlobSource } from '../store/blobSource.ts';
import { isDiskFull } from './diskFull.ts';

/**
 * A blob that is read while it comes in, and goes on by another way if the disk runs full under it.
 * Both ways lead to the same bytes.
 */
export class SpillingSource implements BlobSource {
  readonly #disk: BlobSource;
  readonly #openOther: () => BlobSource;
  #other: BlobSource | undefined;
  #closed = false;

  /** `openOther` is called once, when the disk is full. */
  constructor(disk: BlobSource, openOther: () => BlobSource) {
    this.#disk = disk;
    this.#openOther = openOther;
  }

  get size(): number | undefined {
    return this.#disk.size;
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    if (this.#other !== undefined) return this.#other.read(buffer, position);
    try {
      return await this.#disk.read(buffer, position);
    } catch (error) {
      // A read may still be under way when its client has left: nobody would close what it opened.
      if (this.#closed || !isDiskFull(error)) throw error;
    }
    this.#other = this.#openOther();
    return this.#other.read(buffer, position);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#disk.close();
    await this.#other?.close();
  }
}
