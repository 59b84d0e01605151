/** Takes back the memory of bytes that nobody reads any more. */
export type Recycle = (chunk: Buffer) => void;

interface RecentChunk {
  readonly of: RecentBytes;
  /** Where in its blob it begins. */
  readonly start: number;
  readonly bytes: Buffer;
  readonly recycle: Recycle | undefined;
}

// Readers that keep up with a fill are a MiB or two behind; with several fills they share this.
const defaultLimit = 8 * 1024 * 1024;
// An upstream may send a few bytes at a time, and each chunk takes a look of every reader. Of what packets bring
// the limit holds fewer.
const mostChunks = 4096;

/** Memory for the bytes that came in last, shared by all blobs that are being written: the oldest make way. */
export class RecentMemory {
  readonly #limit: number;
  /** Oldest first. */
  readonly #chunks = new Set<RecentChunk>();
  #bytes = 0;

  /** As many bytes as there may be, in at most 4096 chunks. */
  constructor(limit = defaultLimit) {
    this.#limit = limit;
  }

  /** What it has now. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: RecentChunk): void {
    this.#chunks.add(chunk);
    this.#bytes += chunk.bytes.length;
    for (const oldest of this.#chunks) {
      if (this.#bytes <= this.#limit && this.#chunks.size <= mostChunks) return;
      oldest.of.dropOldest();
    }
  }

  remove(chunk: RecentChunk): void {
    if (this.#chunks.delete(chunk)) this.#bytes -= chunk.bytes.length;
  }
}

/**
 * The bytes of one blob that were written last. Readers that are in step with the writer copy them from
 * here, instead of each going through the thread pool for a piece of the file.
 */
export class RecentBytes {
  readonly #memory: RecentMemory;
  /** Without a gap, up to where the blob ends now. */
  readonly #chunks: RecentChunk[] = [];

  constructor(memory: RecentMemory) {
    this.#memory = memory;
  }

  /** Adds what comes after all that was added before. It must not change until it is given to `recycle`. */
  add(start: number, bytes: Buffer, recycle: Recycle | undefined): void {
    const chunk = { of: this, start, bytes, recycle };
    this.#chunks.push(chunk);
    this.#memory.add(chunk);
  }

  /** Copies bytes from `position` on, as far as they are here; says how many. */
  copy(target: Buffer, position: number): number {
    const first = this.#chunks[0];
    if (first === undefined || position < first.start) return 0;
    let copied = 0;
    for (const { start, bytes } of this.#chunks) {
      const from = position + copied - start;
      if (from >= bytes.length) continue;
      copied += bytes.copy(target, copied, from);
      if (copied === target.length) break;
    }
    return copied;
  }

  /** Lets go of the oldest ones. */
  dropOldest(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return;
    this.#memory.remove(chunk);
    chunk.recycle?.(chunk.bytes);
  }

  /** Lets go of all. */
  clear(): void {
    while (this.#chunks.length > 0) this.dropOldest();
  }
}
