import type { Readable } from 'node:stream';

// For the disk: two pieces, of which one is being written.
const defaultHighWater = 2 * 1024 * 1024;

/**
 * The chunks of a body, taken off it as they come in: what a stream still holds when it breaks is lost
 * with it, and would have to be fetched again. To be made as soon as there is the body, and read by one.
 */
export class ChunkQueue {
  readonly #body: Readable;
  #chunks: Buffer[] = [];
  #waiting = 0;
  #end: { readonly error?: Error } | undefined;
  #wake: (() => void) | undefined;

  /** A body that is further ahead of its reader than `highWater` bytes waits. */
  constructor(body: Readable, highWater = defaultHighWater) {
    this.#body = body;
    body.on('data', (chunk: Buffer) => {
      this.#add(chunk);
      if (this.#waiting >= highWater) body.pause();
      this.#wake?.();
    });
    body.once('end', () => this.#close({}));
    body.on('error', (error) => {
      this.#addRest();
      this.#close({ error });
    });
    body.once('close', () => this.#close({ error: new Error('closed before its end') }));
  }

  /** Bytes that have come in and were not taken yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * All that has come in, as soon as something has; `undefined` when the body is at its end.
   * @throws the error that broke the body, when everything before was taken
   */
  async take(): Promise<Buffer[] | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return undefined;
      this.#body.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#waiting = 0;
    this.#body.resume();
    return chunks;
  }

  /** Chunks that lie side by side become one, which is cheaper to hash and to write: TLS brings 16 KiB at a time. */
  #add(chunk: Buffer): void {
    const last = this.#chunks.at(-1);
    this.#waiting += chunk.length;
    if (last === undefined || !isNextTo(last, chunk)) {
      this.#chunks.push(chunk);
      return;
    }
    const joined = Buffer.from(last.buffer, last.byteOffset, last.length + chunk.length);
    this.#chunks[this.#chunks.length - 1] = joined;
  }

  /** What came in while the body was made to wait is still to be had after the break. */
  #addRest(): void {
    for (;;) {
      const chunk = this.#body.read() as Buffer | null;
      if (chunk === null) return;
      this.#add(chunk);
    }
  }

  /** The first end counts: a body that ended, or broke, is closed after that. */
  #close(end: { readonly error?: Error }): void {
    this.#end ??= end;
    this.#wake?.();
  }
}

function isNextTo(last: Buffer, chunk: Buffer): boolean {
  return last.buffer === chunk.buffer && last.byteOffset + last.length === chunk.byteOffset;
}
