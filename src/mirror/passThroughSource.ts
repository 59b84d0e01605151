import type { BlobSource } from '../store/blobSource.ts';
import type { BlobBody } from '../upstream/upstream.ts';

/**
 * A blob that the disk has no room for, straight from the upstream to one reader. It is for reading
 * from front to back; a read elsewhere starts a new transfer there.
 */
export class PassThroughSource implements BlobSource {
  readonly size: number | undefined;
  readonly #open: (offset: number) => Promise<BlobBody>;
  /** A transfer that nothing was read from yet. */
  #unread: BlobBody | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #position = 0;

  /** `first` is a transfer from the beginning; `open` starts others, at an offset. */
  constructor(first: BlobBody, open: (offset: number) => Promise<BlobBody>) {
    this.size = first.size;
    this.#unread = first;
    this.#open = open;
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    if (this.#chunks === undefined || position !== this.#position) await this.#seek(position);
    while (this.#rest.length === 0) {
      const next = await this.#chunks?.next();
      if (next === undefined || next.done === true) return 0;
      this.#rest = next.value;
    }
    const copied = this.#rest.copy(buffer);
    this.#advance(copied);
    return copied;
  }

  async close(): Promise<void> {
    this.#unread?.body.destroy();
    this.#unread = undefined;
    await this.#chunks?.return?.();
  }

  async #seek(position: number): Promise<void> {
    const { offset, body } = await this.#transferFrom(position);
    this.#chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    this.#rest = Buffer.alloc(0);
    this.#position = offset;
    // A far side that ignores Range begins at the front: what was not asked for is read over.
    while (this.#position < position) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      this.#rest = next.value;
      this.#advance(Math.min(next.value.length, position - this.#position));
    }
  }

  async #transferFrom(position: number): Promise<BlobBody> {
    const first = this.#unread;
    if (first === undefined || position > 0) {
      await this.close();
      return this.#open(position);
    }
    this.#unread = undefined;
    return first;
  }

  #advance(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
    this.#position += bytes;
  }
}
