import { rm, stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import type { Digest } from '../registry/digest.ts';
import { DamagedBlobError } from './blobDamage.ts';
import { BlobFiles } from './blobFiles.ts';
import { FileSource, MemorySource, type BlobSource } from './blobSource.ts';
import type { ContentEntry } from './catalog.ts';
import type { CatalogTable } from './catalogTable.ts';
import type { GrowingBlob } from './growingBlob.ts';
import { HeldFiles } from './heldFiles.ts';
import { IncomingBlobs } from './incomingBlobs.ts';
import { KeyedQueue } from './keyedQueue.ts';
import type { PartialBlob } from './partialBlobs.ts';
import type { StoreLayout } from './storeLayout.ts';

/** Why a blob was removed, as the metrics name it. */
export const evictionReasons = ['size', 'disk', 'purge', 'corrupt', 'unreferenced'] as const;
/** One of {@link evictionReasons}. */
export type EvictionReason = (typeof evictionReasons)[number];

/** The bounds of a {@link BlobStore} and who is told of evictions. */
export interface BlobStoreOptions {
  /** Bytes that all blobs together may take; `undefined`: any number. */
  readonly maxSize: number | undefined;
  /** Bytes of the file system that are left alone. */
  readonly minFree: number;
  /** Bytes of small blobs and manifests that are kept in memory. */
  readonly memory: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly evicted: (size: number, reason: EvictionReason) => void;
  /**
   * The disk failed in something that no client has to be told of: a removal, an entry of the catalog. What
   * fails once may fail with each request, so that not each time is worth a line in a log.
   */
  readonly failed: (error: unknown) => void;
}

// A blob up to this size is answered from memory. Image configs and manifests are well below it.
const smallBlob = 256 * 1024;
// Manifests are read whole. Registries and clients agree on about 4 MiB; an index of many is larger.
const memoryEntryLimit = 8 * 1024 * 1024;

// Of `maxSize`: what may be taken, beside the blobs that are whole, by those that could not be had whole.
const partialShare = 0.25;

/**
 * The finished blobs, by digest, shared by all repositories. A file gets its name only after its bytes
 * hashed to it. The catalog's entry is written before the file appears and deleted after it is gone,
 * so that whatever was interrupted leaves at the worst an entry without a file, which is a miss.
 */
export class BlobStore {
  readonly #files: BlobFiles;
  readonly #held: HeldFiles;
  readonly #contents: CatalogTable<ContentEntry>;
  readonly #options: BlobStoreOptions;
  /** What is held, least recently used first. */
  readonly #index: LRUCache<Digest, ContentEntry>;
  readonly #memory: LRUCache<Digest, Buffer>;
  /** Files and their entries change together, one change of a digest after the other. */
  readonly #changes = new KeyedQueue<Digest>();
  readonly #incoming: IncomingBlobs;

  constructor(
    layout: StoreLayout,
    contents: CatalogTable<ContentEntry>,
    options: BlobStoreOptions,
  ) {
    this.#files = new BlobFiles(layout);
    this.#held = new HeldFiles(layout);
    this.#contents = contents;
    this.#options = options;
    this.#incoming = new IncomingBlobs({
      ...options,
      files: this.#files,
      room: this,
      maxPartials: (options.maxSize ?? Number.POSITIVE_INFINITY) * partialShare,
    });
    this.#index = new LRUCache({
      maxSize: options.maxSize ?? Number.MAX_SAFE_INTEGER,
      sizeCalculation: ({ size }) => Math.max(1, size),
      dispose: (entry, digest, reason) => {
        if (reason === 'evict') this.#discardInBackground(digest, entry);
      },
    });
    this.#memory = new LRUCache({
      maxSize: Math.max(1, options.memory),
      maxEntrySize: Math.min(Math.max(1, options.memory), memoryEntryLimit),
      sizeCalculation: ({ length }) => Math.max(1, length),
    });
  }

  /** Takes up what an earlier process left: entries with their files, oldest first. */
  load(held: Iterable<readonly [Digest, ContentEntry]>): void {
    for (const [digest, entry] of held) {
      if (this.#exceedsBound(entry.size)) this.#discardInBackground(digest, entry);
      else this.#index.set(digest, entry);
    }
  }

  /** Takes up what is left of blobs that an earlier process did not get whole. */
  loadPartials(partials: Iterable<PartialBlob>): void {
    for (const partial of partials) {
      if (this.#index.has(partial.digest)) this.#incoming.remove(partial);
      else this.#incoming.load(partial);
    }
  }

  /** Bytes of all finished blobs. */
  get bytes(): number {
    return this.#index.calculatedSize;
  }

  /** How many finished blobs there are. */
  get count(): number {
    return this.#index.size;
  }

  /** What is known about a blob that is held; does not count as a use of it. */
  describe(digest: Digest): ContentEntry | undefined {
    return this.#index.peek(digest);
  }

  /**
   * Opens a blob; `undefined` when it is not held, is found damaged and forgotten, or can't be had from
   * the disk now: then too the upstream is the one to ask.
   */
  async open(digest: Digest): Promise<BlobSource | undefined> {
    const entry = this.#index.get(digest);
    if (entry === undefined) return undefined;
    if (entry.size <= smallBlob) {
      const bytes = await this.read(digest);
      return bytes === undefined ? undefined : new MemorySource(bytes);
    }
    const held = await this.#unlessDamaged(digest, entry, () => this.#held.open(digest, entry));
    if (held === undefined) return undefined;
    const { file, modifiedAt } = held;
    const known = modifiedAt === entry.modifiedAt ? entry : { ...entry, modifiedAt };
    if (known !== entry) this.#note(digest, entry, known);
    return new FileSource(digest, file, entry.size, () => {
      void this.#forgetDamaged(digest, known);
    });
  }

  /** Reads a small blob or a manifest whole; `undefined` as for {@link open}. */
  async read(digest: Digest): Promise<Buffer | undefined> {
    const entry = this.#index.get(digest);
    if (entry === undefined) return undefined;
    const remembered = this.#memory.get(digest);
    if (remembered !== undefined) return remembered;
    const bytes = await this.#unlessDamaged(digest, entry, () => this.#held.read(digest, entry));
    if (bytes !== undefined) this.#remember(digest, bytes);
    return bytes;
  }

  /**
   * What is held of a blob that could not be had whole, to go on with; `undefined` when nothing is. To be
   * given to {@link begin}, or back with {@link setAside}.
   */
  resume(digest: Digest): Promise<GrowingBlob | undefined> {
    return this.#incoming.resume(digest);
  }

  /**
   * Starts a blob of `size` bytes, or goes on with what is held of it, evicting others when the disk would
   * become too full.
   * @throws {StoreFullError} when that would not be enough
   */
  begin(digest: Digest, size: number | undefined, held?: GrowingBlob): Promise<GrowingBlob> {
    return this.#incoming.begin(digest, size, held);
  }

  /**
   * Ends a blob that can't be had whole now. Its readers are cut off with the error; who asks for it next
   * can {@link resume} it at once.
   */
  setAside(blob: GrowingBlob, error: unknown): Promise<void> {
    return this.#incoming.setAside(blob, error);
  }

  /**
   * Gives a verified blob its final name. One that is larger than the whole bound is let go instead:
   * its readers have it, and to keep it would mean to throw out everything else.
   */
  async keep(blob: GrowingBlob, mediaType?: string): Promise<void> {
    if (blob.state !== 'verified') throw new Error(`${blob.digest} is not verified`);
    if (this.#exceedsBound(blob.length)) {
      await rm(blob.path, { force: true });
      return;
    }
    await blob.flush();
    await this.#changes.run(blob.digest, () => this.#publish(blob, mediaType));
  }

  /** Verifies and keeps bytes that are in memory. */
  async put(digest: Digest, bytes: Buffer, mediaType: string): Promise<void> {
    const blob = await this.begin(digest, bytes.length);
    try {
      await blob.append([bytes]);
      blob.verify();
      await this.keep(blob, mediaType);
      this.#remember(digest, bytes);
    } catch (error) {
      await blob.fail(error);
      throw error;
    } finally {
      await blob.release();
    }
  }

  /** Evicts the least recently used blob and says how many bytes it had; `undefined` when none is held. */
  async evictOldest(): Promise<number | undefined> {
    for (const digest of this.#index.rkeys()) {
      const entry = this.#index.peek(digest);
      if (entry === undefined) continue;
      this.#index.delete(digest);
      await this.#discard(digest, entry, 'disk');
      return entry.size;
    }
    return undefined;
  }

  /** Bytes of the file system that are free for this process. */
  freeBytes(): Promise<number> {
    return this.#files.freeBytes();
  }

  /** Shows that the store can be written and read. */
  probe(): Promise<void> {
    return this.#files.probe();
  }

  /** Settles when no removal is under way. */
  async settled(): Promise<void> {
    await Promise.all([this.#changes.idle(), this.#incoming.settled()]);
  }

  async #publish(blob: GrowingBlob, mediaType: string | undefined): Promise<void> {
    const { digest, length: size } = blob;
    // A manifest that was fetched once more as a blob stays a manifest.
    const type = mediaType ?? this.#index.peek(digest)?.mediaType;
    const storedAt = this.#options.now();
    try {
      const { mtimeMs: modifiedAt } = await stat(blob.path);
      const typed = type === undefined ? {} : { mediaType: type };
      const entry = { size, ...typed, storedAt, modifiedAt };
      await this.#contents.set(digest, entry);
      await this.#files.giveName(blob.path, digest);
      this.#index.set(digest, entry);
    } catch (error) {
      await this.#remove(digest).catch(this.#options.failed);
      throw error;
    }
  }

  #exceedsBound(size: number): boolean {
    return size > (this.#options.maxSize ?? Number.POSITIVE_INFINITY);
  }

  #remember(digest: Digest, bytes: Buffer): void {
    if (this.#index.has(digest)) this.#memory.set(digest, bytes);
  }

  /** Forgets a blob at once and removes its file; readers that have it open keep it. */
  #discard(digest: Digest, { size }: ContentEntry, reason: EvictionReason): Promise<void> {
    this.#memory.delete(digest);
    this.#options.evicted(size, reason);
    return this.#changes.run(digest, () => this.#remove(digest));
  }

  #discardInBackground(digest: Digest, entry: ContentEntry): void {
    this.#discard(digest, entry, 'size').catch(this.#options.failed);
  }

  async #remove(digest: Digest): Promise<void> {
    // It may have been kept anew since the removal was asked for.
    if (this.#index.has(digest)) return;
    await this.#files.remove(digest);
    await this.#contents.delete(digest);
  }

  /**
   * Does something with the file of a blob. One that is damaged makes its blob a miss, which the next pull
   * heals; so does a process that has no descriptor left, though the blob stays.
   */
  async #unlessDamaged<Result>(
    digest: Digest,
    entry: ContentEntry,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.failed(error);
      if (error instanceof DamagedBlobError) await this.#forgetDamaged(digest, entry);
      return undefined;
    }
  }

  /** Never fails: the file that a read-only disk keeps is found out again by the next process. */
  async #forgetDamaged(digest: Digest, entry: ContentEntry): Promise<void> {
    // If it was evicted meanwhile, or even kept anew, nothing is wrong with what is there now.
    if (!isSameCopy(this.#index.peek(digest), entry)) return;
    this.#index.delete(digest);
    await this.#discard(digest, entry, 'corrupt').catch(this.#options.failed);
  }

  /** Says more about a blob than its entry did; what the catalog does not take is found out again. */
  #note(digest: Digest, entry: ContentEntry, known: ContentEntry): void {
    if (this.#index.peek(digest) !== entry) return;
    this.#index.set(digest, known);
    const noted = this.#changes.run(digest, async () => {
      if (this.#index.peek(digest) === known) await this.#contents.set(digest, known);
    });
    noted.catch(this.#options.failed);
  }
}

function isSameCopy(one: ContentEntry | undefined, other: ContentEntry): boolean {
  return one?.storedAt === other.storedAt && one.modifiedAt === other.modifiedAt;
}
