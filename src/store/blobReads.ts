import { LRUCache } from 'lru-cache';
import type { Digest } from '../registry/digest.ts';
import { DamagedBlobError } from './blobDamage.ts';
import type { BlobFiles } from './blobFiles.ts';
import type { BlobIndex } from './blobIndex.ts';
import { FileSource, MemorySource, type BlobSource } from './blobSource.ts';
import type { ContentEntry } from './catalog.ts';
import type { CatalogTable } from './catalogTable.ts';
import type { EvictionReason } from './evictionReason.ts';
import { HeldFiles, type Pace } from './heldFiles.ts';
import type { KeyedQueue } from './keyedQueue.ts';
import type { Quarantine } from './quarantine.ts';
import type { StoreLayout } from './storeLayout.ts';

/** What {@link BlobReads.verify} found. */
export type Verdict =
  | { readonly kind: 'intact' }
  /** Not held, or not any more. */
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'damaged';
      readonly reason: string;
      /** The path of the file now; `undefined` where there is none. */
      readonly quarantinedAs: string | undefined;
    };

/** A blob whose bytes are in memory. */
export interface RememberedBlob {
  /** For manifests alone. */
  readonly mediaType: string | undefined;
  readonly bytes: Buffer;
}

/** What {@link BlobReads} work with. */
export interface BlobReadsParts {
  readonly layout: StoreLayout;
  readonly index: BlobIndex;
  readonly files: BlobFiles;
  readonly contents: CatalogTable<ContentEntry>;
  /** Files and their entries change together, one change of a digest after the other. */
  readonly changes: KeyedQueue<Digest>;
  readonly quarantine: Quarantine;
  /** Bytes of small blobs and manifests that are kept in memory. */
  readonly memory: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly evicted: (size: number, reason: EvictionReason) => void;
  readonly failed: (error: unknown) => void;
}

// A blob up to this size is answered from memory. Image configs and manifests are well below it.
const smallBlob = 256 * 1024;
// Manifests are read whole. Registries and clients agree on about 4 MiB; an index of many is larger.
const memoryEntryLimit = 8 * 1024 * 1024;

/** How what is held is read: from memory or its files, and never once it is found to be damaged. */
export class BlobReads {
  readonly #parts: BlobReadsParts;
  readonly #held: HeldFiles;
  readonly #memory: LRUCache<Digest, Buffer>;

  constructor(parts: BlobReadsParts) {
    this.#parts = parts;
    this.#held = new HeldFiles(parts.layout);
    this.#memory = new LRUCache({
      maxSize: Math.max(1, parts.memory),
      maxEntrySize: Math.min(Math.max(1, parts.memory), memoryEntryLimit),
      sizeCalculation: ({ length }) => Math.max(1, length),
    });
  }

  /** Keeps the bytes of a blob that is held in memory, as long as they have a place there. */
  remember(digest: Digest, bytes: Buffer): void {
    if (this.#parts.index.has(digest)) this.#memory.set(digest, bytes);
  }

  /** Takes the bytes of a blob out of memory. */
  forget(digest: Digest): void {
    this.#memory.delete(digest);
  }

  /**
   * Opens a blob; `undefined` when it is not held, is found damaged and forgotten, or can't be had from
   * the disk now: then too the upstream is the one to ask.
   */
  async open(digest: Digest): Promise<BlobSource | undefined> {
    const entry = this.#parts.index.use(digest, this.#parts.now());
    if (entry === undefined) return undefined;
    if (entry.size <= smallBlob) {
      const bytes = await this.#readRemembered(digest, entry);
      return bytes === undefined ? undefined : new MemorySource(bytes);
    }
    const held = await this.#unlessDamaged(digest, entry, () => this.#held.open(digest, entry));
    if (held === undefined) return undefined;
    const { modifiedAt } = held;
    const known = modifiedAt === entry.modifiedAt ? entry : { ...entry, modifiedAt };
    if (known !== entry) this.#note(digest, entry, known);
    return new FileSource(digest, held, entry.size, () => {
      void this.forgetDamaged(digest, known);
    });
  }

  /** What {@link read} would, where the bytes are in memory; only then does it count as a use. */
  recall(digest: Digest): RememberedBlob | undefined {
    const bytes = this.#memory.get(digest);
    if (bytes === undefined) return undefined;
    const entry = this.#parts.index.use(digest, this.#parts.now());
    return entry && { mediaType: entry.mediaType, bytes };
  }

  /** Reads a small blob or a manifest whole; `undefined` as for {@link open}. */
  async read(digest: Digest): Promise<Buffer | undefined> {
    const entry = this.#parts.index.use(digest, this.#parts.now());
    return entry === undefined ? undefined : this.#readRemembered(digest, entry);
  }

  /** Reads as {@link read} does, but counts as no use and takes nobody's place in memory. */
  async peek(digest: Digest): Promise<Buffer | undefined> {
    const entry = this.#parts.index.entry(digest);
    if (entry === undefined) return undefined;
    const read = () => this.#held.read(digest, entry);
    return this.#memory.peek(digest) ?? (await this.#unlessDamaged(digest, entry, read));
  }

  /**
   * Hashes the file of a blob, a piece of 1 MiB at a time; `pace` is awaited before each. A damaged one is
   * quarantined and forgotten.
   * @throws what `pace` throws, or that the process lacks something, such as a descriptor or the whole directory
   */
  async verify(digest: Digest, pace: Pace): Promise<Verdict> {
    const entry = this.#parts.index.entry(digest);
    if (entry === undefined) return { kind: 'gone' };
    try {
      const modifiedAt = await this.#held.verify(digest, entry, pace);
      if (!this.#parts.index.has(digest)) return { kind: 'gone' };
      if (modifiedAt !== entry.modifiedAt) this.#note(digest, entry, { ...entry, modifiedAt });
      return { kind: 'intact' };
    } catch (error) {
      if (!(error instanceof DamagedBlobError)) throw error;
      // Of a volume that was unmounted every file is missing, and none of them damaged.
      await this.#parts.files.requireDirectory();
      if (!isSameCopy(this.#parts.index.entry(digest), entry)) return { kind: 'gone' };
      this.#parts.failed(error);
      const quarantinedAs = await this.forgetDamaged(digest, entry);
      return { kind: 'damaged', reason: error.reason, quarantinedAs };
    }
  }

  async #readRemembered(digest: Digest, entry: ContentEntry): Promise<Buffer | undefined> {
    const remembered = this.#memory.get(digest);
    if (remembered !== undefined) return remembered;
    const bytes = await this.#unlessDamaged(digest, entry, () => this.#held.read(digest, entry));
    if (bytes !== undefined) this.remember(digest, bytes);
    return bytes;
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
      this.#parts.failed(error);
      if (error instanceof DamagedBlobError) await this.forgetDamaged(digest, entry);
      return undefined;
    }
  }

  /**
   * Forgets a blob at once, sets its file aside, and says where that is then. Never fails: the file that a
   * read-only disk keeps is found out again by the next process.
   */
  async forgetDamaged(digest: Digest, entry: ContentEntry): Promise<string | undefined> {
    // If it was evicted meanwhile, or even kept anew, nothing is wrong with what is there now.
    if (!isSameCopy(this.#parts.index.entry(digest), entry)) return undefined;
    this.#parts.index.delete(digest);
    this.#memory.delete(digest);
    this.#parts.evicted(entry.size, 'corrupt');
    const arrived = this.#parts.quarantine.expect(entry.size);
    try {
      return await this.#parts.changes.run(digest, () => this.#setAsideDamaged(digest));
    } catch (error) {
      this.#parts.failed(error);
      return undefined;
    } finally {
      arrived();
    }
  }

  async #setAsideDamaged(digest: Digest): Promise<string | undefined> {
    // It may have been kept anew since it was forgotten.
    if (this.#parts.index.has(digest)) return undefined;
    const path = await this.#quarantined(digest);
    if (path === undefined) await this.#parts.files.remove(digest);
    await this.#parts.contents.delete(digest);
    return path;
  }

  async #quarantined(digest: Digest): Promise<string | undefined> {
    try {
      return await this.#parts.quarantine.take(digest);
    } catch (error) {
      this.#parts.failed(error);
      return undefined;
    }
  }

  /** Says more about a blob than its entry did; what the catalog does not take is found out again. */
  #note(digest: Digest, entry: ContentEntry, known: ContentEntry): void {
    if (!isSameCopy(this.#parts.index.entry(digest), entry)) return;
    this.#parts.index.amend(digest, known);
    const noted = this.#parts.changes.run(digest, async () => {
      const current = this.#parts.index.describe(digest);
      if (current !== undefined) await this.#parts.contents.set(digest, current);
    });
    noted.catch(this.#parts.failed);
  }
}

function isSameCopy(one: ContentEntry | undefined, other: ContentEntry): boolean {
  return one?.storedAt === other.storedAt && one.modifiedAt === other.modifiedAt;
}
