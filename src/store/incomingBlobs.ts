import { rm } from 'node:fs/promises';
import type { Digest } from '../registry/digest.ts';
import type { BlobFiles } from './blobFiles.ts';
import { GrowingBlob } from './growingBlob.ts';
import { KeyedQueue } from './keyedQueue.ts';
import { PartialBlobs, type PartialBlob } from './partialBlobs.ts';

/** There is no room for a blob, even if others were evicted. */
export class StoreFullError extends Error {
  constructor(size: number) {
    super(`no room for ${size} bytes: storage.minFree leaves none`);
    this.name = 'StoreFullError';
  }
}

/** The room that there is on the disk, and the blobs that may have to make more of it. */
export interface Room {
  /** Bytes of the file system that are free for this process. */
  freeBytes(): Promise<number>;
  /** Bytes of all blobs that are held whole. */
  readonly bytes: number;
  /** Evicts the least recently used one and says how many bytes that gave; `undefined` when there is none. */
  evictOldest(): Promise<number | undefined>;
}

/** What {@link IncomingBlobs} work with. */
export interface IncomingBlobsOptions {
  readonly files: BlobFiles;
  readonly room: Room;
  /** Bytes of the file system that are left alone. */
  readonly minFree: number;
  /** Bytes that may be taken by blobs that could not be had whole. */
  readonly maxPartials: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A file could not be removed, or not be read. */
  readonly failed: (error: unknown) => void;
}

/** The blobs that are not whole: those being written, and what is left of those that broke off. */
export class IncomingBlobs {
  readonly #options: IncomingBlobsOptions;
  readonly #partials: PartialBlobs;
  readonly #growing = new Set<GrowingBlob>();
  /** Blobs begin one after the other: what was promised to one is not there for the next. */
  readonly #beginnings = new KeyedQueue<'disk'>();
  readonly #removals = new KeyedQueue<Digest>();

  constructor(options: IncomingBlobsOptions) {
    this.#options = options;
    this.#partials = new PartialBlobs({ maxSize: options.maxPartials, now: options.now });
  }

  /** Takes up what is left of a blob that an earlier process did not get whole. */
  load(partial: PartialBlob): void {
    for (const gone of this.#partials.add(partial)) this.remove(gone);
  }

  /** What is held of a blob that could not be had whole, to go on with; `undefined` when nothing is. */
  async resume(digest: Digest): Promise<GrowingBlob | undefined> {
    const partial = this.#partials.take(digest);
    if (partial === undefined) return undefined;
    try {
      return await GrowingBlob.resume(digest, partial.path);
    } catch (error) {
      this.remove(partial);
      this.#options.failed(error);
      return undefined;
    }
  }

  /**
   * Starts a blob of `size` bytes, or goes on with what is held of it, evicting others when the disk would
   * become too full.
   * @throws {StoreFullError} when that would not be enough
   */
  begin(digest: Digest, size: number | undefined, held?: GrowingBlob): Promise<GrowingBlob> {
    const { files } = this.#options;
    return this.#beginnings.run('disk', async () => {
      await this.#makeRoom((size ?? 0) - (held?.length ?? 0));
      const blob = held ?? (await GrowingBlob.create(digest, files.newPath(digest)));
      if (size !== undefined) blob.announceSize(size);
      this.#growing.add(blob);
      return blob;
    });
  }

  /** Ends a blob that can't be had whole now; who asks for it next can {@link resume} it at once. */
  async setAside(blob: GrowingBlob, error: unknown): Promise<void> {
    const { digest, path, length } = blob;
    if (length === 0) return blob.fail(error);
    this.load({ digest, path, length, keptAt: this.#options.now() });
    blob.cutOff(error);
  }

  /** Removes the file of what is left of a blob. */
  remove({ digest, path }: PartialBlob): void {
    this.#removals.run(digest, () => rm(path, { force: true })).catch(this.#options.failed);
  }

  /** Settles when no removal is under way. */
  async settled(): Promise<void> {
    await this.#removals.idle();
  }

  async #makeRoom(size: number): Promise<void> {
    const { room, minFree } = this.#options;
    const wanted = size + this.#promisedBytes() + minFree;
    let missing = wanted - (await room.freeBytes());
    if (missing > room.bytes + this.#partials.bytes) throw new StoreFullError(size);
    while (missing > 0) {
      const freed = (await this.#dropOldest()) ?? (await room.evictOldest());
      if (freed === undefined) throw new StoreFullError(size);
      missing -= freed;
    }
  }

  /** What is left of a blob goes before any that is whole. */
  async #dropOldest(): Promise<number | undefined> {
    const partial = this.#partials.takeOldest();
    if (partial === undefined) return undefined;
    await rm(partial.path, { force: true });
    return partial.length;
  }

  /** What the blobs that are being written have yet to take of the disk. */
  #promisedBytes(): number {
    let bytes = 0;
    for (const blob of this.#growing) {
      if (blob.state === 'growing') bytes += blob.missing;
      else this.#growing.delete(blob);
    }
    return bytes;
  }
}
