import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '../registry/digest.ts';
import { asDamage, DamagedBlobError } from './blobDamage.ts';

/** The bytes of one blob, wherever they are; any number of readers, each at its own pace. */
export interface BlobSource {
  /** Bytes of the whole blob; `undefined` while it grows and the upstream did not say. */
  readonly size: number | undefined;
  /**
   * Which copy it reads: what two sources of one copy give from a position on is the same, so readers can
   * share it. `undefined` where that is not so, or not any more.
   */
  readonly copy?: string | symbol | undefined;
  /**
   * Copies bytes from `position` on into the buffer and says how many; waits for bytes that are yet
   * to come. 0 means the end.
   * @throws when the rest will never come
   */
  read(buffer: Buffer, position: number): Promise<number>;
  /** To be called once, when nothing more is read. */
  close(): Promise<void>;
}

/** The open file of a blob, the caller's to close, and when the file was last changed. */
export interface HeldFile {
  readonly file: FileHandle;
  readonly modifiedAt: number;
}

/** A finished blob on disk. Its open file outlives an eviction, so a reader never loses it. */
export class FileSource implements BlobSource {
  readonly digest: Digest;
  readonly size: number;
  readonly copy: string;
  readonly #file: FileHandle;
  readonly #damaged: () => void;

  /** `damaged` is called when the file turns out not to hold the whole blob any more. */
  constructor(digest: Digest, { file, modifiedAt }: HeldFile, size: number, damaged: () => void) {
    this.digest = digest;
    this.size = size;
    // What is kept anew after it was found damaged is another copy.
    this.copy = `${digest} ${modifiedAt}`;
    this.#file = file;
    this.#damaged = damaged;
  }

  /** @throws {DamagedBlobError} when the disk fails to read, or the file has become shorter */
  async read(buffer: Buffer, position: number): Promise<number> {
    try {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, position);
      if (bytesRead > 0 || position >= this.size) return bytesRead;
      throw new DamagedBlobError(this.digest, `it ends at byte ${position} of ${this.size}`);
    } catch (error) {
      const damage = asDamage(this.digest, error);
      if (damage instanceof DamagedBlobError) this.#damaged();
      throw damage;
    }
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
