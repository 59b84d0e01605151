import type { BufferPool } from './bufferPool.ts';

/** Bytes of a blob in memory, which any number of readers send from at the same time. */
export class BodyPiece {
  readonly #buffer: Buffer;
  readonly #pool: BufferPool;
  readonly #unused: (piece: BodyPiece) => void;
  #count = 0;
  #users = 1;
  #abandoned = false;

  /** Has one user, whoever fills it. `unused` is called when the last one is done with it. */
  constructor(pool: BufferPool, unused: (piece: BodyPiece) => void) {
    this.#buffer = pool.take();
    this.#pool = pool;
    this.#unused = unused;
  }

  /** Bytes that it takes in memory. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Whether there is anything in it for others. */
  get isReusable(): boolean {
    return this.#count > 0 && !this.#abandoned;
  }

  /** Has it filled with up to so many bytes. */
  async fill(read: (buffer: Buffer) => Promise<number>, atMost: number): Promise<void> {
    this.#count = await read(firstOf(this.#buffer, atMost));
  }

  /** What is in it, up to so many bytes; nothing if it is at the end of the blob. */
  bytes(atMost: number): Buffer {
    return firstOf(this.#buffer, Math.min(this.#count, atMost));
  }

  /** One more user. */
  use(): void {
    this.#users += 1;
  }

  /** One user less. */
  leave(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#unused(this);
  }

  /** One user less, after which its buffer takes no other bytes: somebody may still be at work on these. */
  abandon(): void {
    this.#abandoned = true;
    this.leave();
  }

  /** To be called once, when nobody uses it nor will. */
  dissolve(): void {
    if (!this.#abandoned) this.#pool.give(this.#buffer);
  }
}

function firstOf(buffer: Buffer, bytes: number): Buffer {
  return bytes < buffer.length ? buffer.subarray(0, bytes) : buffer;
}
