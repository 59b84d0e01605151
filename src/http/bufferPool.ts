/** Large buffers that are used again, because to allocate one for each read costs more than the read. */
export class BufferPool {
  /** The length of each. */
  readonly bytes: number;
  readonly #free: Buffer[] = [];
  readonly #kept: number;

  /** Buffers of so many bytes; at most `kept` wait for their next use. */
  constructor(bytes: number, kept: number) {
    this.bytes = bytes;
    this.#kept = kept;
  }

  /** A buffer with arbitrary content. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  /** Gives a buffer back. Nothing may still read from it or write into it. */
  give(buffer: Buffer): void {
    if (this.#free.length < this.#kept) this.#free.push(buffer);
  }
}
