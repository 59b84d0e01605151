import type { Readable } from 'node:stream';

// A body that is further ahead of its reader than this waits.
const highWater = 64 * 1024;

/**
 * The chunks of a body, taken off it as they come in: what a stream still holds when it breaks is lost
 * with it, and would have to be fetched again. To be made as soon as there is the body, and iterated once.
 */
export class ChunkQueue implements AsyncIterable<Buffer> {
  readonly #body: Readable;
  #chunks: Buffer[] = [];
  #waiting = 0;
  #end: { readonly error?: Error } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(body: Readable) {
    this.#body = body;
    body.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      if (this.#waiting >= highWater) body.pause();
      this.#wake();
    });
    body.once('end', () => this.#close({}));
    body.on('error', (error) => {
      this.#takeRest();
      this.#close({ error });
    });
    body.once('close', () => this.#close({ error: new Error('closed before its end') }));
  }

  /** Bytes that have come in and were not taken yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Everything that came in, and then the error if the body broke. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunks = this.#chunks;
      this.#chunks = [];
      for (const chunk of chunks) {
        this.#waiting -= chunk.length;
        yield chunk;
      }
      if (this.#chunks.length > 0) continue;
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return;
      this.#body.resume();
      await this.#changed.promise;
    }
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
  }

  /** What came in while the body was made to wait is still to be had after the break. */
  #takeRest(): void {
    for (;;) {
      const chunk = this.#body.read() as Buffer | null;
      if (chunk === null) return;
      this.#take(chunk);
    }
  }

  /** The first end counts: a body that ended, or broke, is closed after that. */
  #close(end: { readonly error?: Error }): void {
    this.#end ??= end;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
