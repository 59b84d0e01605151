import type { FileHandle } from 'node:fs/promises';

/** The bytes of one blob, wherever they are; any number of readers, each at its own pace. */
export interface BlobSource {
  /** Bytes of the whole blob; `undefined` while it grows and the upstream did not say. */
  readonly size: number | undefined;
  /**
   * Copies bytes from `position` on into the buffer and says how many; waits for bytes that are yet
   * to come. 0 means the end.
   * @throws when the rest will never come
   */
  read(buffer: Buffer, position: number): Promise<number>;
  /** To be called once, when nothing more is read. */
  close(): Promise<void>;
}

/** A finished blob on disk. Its open file outlives an eviction, so a reader never loses it. */
export class FileSource implements BlobSource {
  readonly size: number;
  readonly #file: FileHandle;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, position);
    return bytesRead;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** A small finished blob in memory; whoever can may take the bytes at once. */
export class MemorySource implements BlobSource {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get size(): number {
    return this.bytes.length;
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    return this.bytes.copy(buffer, 0, Math.min(position, this.bytes.length));
  }

  async close(): Promise<void> {}
}
