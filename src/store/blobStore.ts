import { stat } from 'node:fs/promises';
import type { Digest } from '../registry/digest.ts';
import { BlobFiles } from './blobFiles.ts';
import { BlobIndex, type Held, type Tier } from './blobIndex.ts';
import { BlobReads, type RememberedBlob, type Verdict } from './blobReads.ts';
import { BlobRemovals, removalBatch } from './blobRemovals.ts';
import type { BlobSource } from './blobSource.ts';
import type { ContentEntry } from './catalog.ts';
import type { CatalogTable } from './catalogTable.ts';
import type { EvictionReason } from './evictionReason.ts';
import type { GrowingBlob } from './growingBlob.ts';
import type { Pace } from './heldFiles.ts';
import { IncomingBlobs } from './incomingBlobs.ts';
import { KeyedQueue } from './keyedQueue.ts';
import type { PartialBlob } from './partialBlobs.ts';
import { PartialFiles } from './partialFiles.ts';
import { Quarantine, type QuarantinedFile } from './quarantine.ts';
import { RecencyNotes } from './recencyNotes.ts';
import { RoomClaims } from './roomClaims.ts';
import { addShares, noShare, type Share } from './share.ts';
import { StoreBudget, type WaterMarks } from './storeBudget.ts';
import type { StoreLayout } from './storeLayout.ts';
import { StoreSweep, type Swept } from './storeSweep.ts';
import type { StoreUsage } from './storeUsage.ts';

/** The bounds of a {@link BlobStore} and who is told of evictions. */
export interface BlobStoreOptions {
  /** Bytes that all blobs together may take; `undefined`: any number. */
  readonly maxSize: number | undefined;
  /** Bytes of the file system that are left alone. */
  readonly minFree: number;
  /** When blobs are evicted without anybody waiting for their room; by default at the bounds. */
  readonly waterMarks?: WaterMarks | undefined;
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

// Of `maxSize`: what may be taken, beside the blobs that are whole, by those that could not be had whole.
const partialShare = 1 / 4;
// By damaged files.
const quarantineShare = 1 / 8;

/**
 * The finished blobs, by digest, shared by all repositories. A file gets its name only after its bytes
 * hashed to it. The catalog's entry is written before the file appears and deleted after it is gone,
 * so that whatever was interrupted leaves at the worst an entry without a file, which is a miss.
 */
export class BlobStore {
  readonly #files: BlobFiles;
  readonly #contents: CatalogTable<ContentEntry>;
  readonly #options: BlobStoreOptions;
  readonly #index = new BlobIndex();
  /** Files and their entries change together, one change of a digest after the other. */
  readonly #changes = new KeyedQueue<Digest>();
  readonly #claims = new RoomClaims();
  readonly #partials: PartialFiles;
  readonly #quarantine: Quarantine;
  readonly #reads: BlobReads;
  readonly #removals: BlobRemovals;
  readonly #budget: StoreBudget;
  readonly #incoming: IncomingBlobs;
  readonly #recency: RecencyNotes;
  readonly #sweep: StoreSweep;

  constructor(
    layout: StoreLayout,
    contents: CatalogTable<ContentEntry>,
    options: BlobStoreOptions,
  ) {
    const maxSize = options.maxSize ?? Number.POSITIVE_INFINITY;
    this.#files = new BlobFiles(layout);
    this.#contents = contents;
    this.#options = options;
    this.#partials = new PartialFiles({ ...options, maxSize: maxSize * partialShare });
    this.#quarantine = new Quarantine(layout, { ...options, maxSize: maxSize * quarantineShare });
    const parts = {
      ...options,
      layout,
      contents,
      maxSize,
      waterMarks: options.waterMarks ?? { high: 1, low: 1 },
      files: this.#files,
      index: this.#index,
      changes: this.#changes,
      claims: this.#claims,
      partials: this.#partials,
      quarantine: this.#quarantine,
      expendables: [this.#quarantine, this.#partials],
      freeBytes: () => this.freeBytes(),
      forgotten: (digest: Digest) => this.#reads.forget(digest),
      forget: (digest: Digest, entry: ContentEntry) => this.#reads.forgetDamaged(digest, entry),
    };
    this.#reads = new BlobReads(parts);
    this.#removals = new BlobRemovals(parts);
    this.#budget = new StoreBudget({ ...parts, removals: this.#removals });
    this.#incoming = new IncomingBlobs({ ...parts, budget: this.#budget });
    this.#recency = new RecencyNotes(parts);
    this.#sweep = new StoreSweep({ ...parts, budget: this.#budget });
  }

  /**
   * Takes up what an earlier process left: entries with their files. What is beyond the bounds goes with the
   * next {@link tidy}, when it is known what is pinned.
   */
  load(held: Iterable<Held>): void {
    const now = this.#options.now();
    const dated = [...held].map((one) => ({ one, usedAt: lastUse(one[1], now) }));
    for (const { one, usedAt } of dated.toSorted((a, b) => a.usedAt - b.usedAt)) {
      const [digest, entry] = one;
      this.#index.set(digest, usedAt === entry.usedAt ? entry : { ...entry, usedAt });
    }
  }

  /** Takes up what is left of blobs that an earlier process did not get whole. */
  loadPartials(partials: Iterable<PartialBlob>): void {
    for (const partial of partials) {
      if (this.#index.has(partial.digest)) this.#partials.remove(partial);
      else this.#partials.add(partial);
    }
  }

  /** Takes up the damaged files that an earlier process set aside, oldest first. */
  loadQuarantined(files: Iterable<QuarantinedFile>): void {
    this.#quarantine.load(files);
  }

  /** Bytes of all finished blobs. */
  get bytes(): number {
    return this.#index.bytes;
  }

  /** How many finished blobs there are. */
  get count(): number {
    return this.#index.count;
  }

  /** What the files of the store take of the disk. */
  get usage(): StoreUsage {
    const { blobs, manifests, pinned } = this.#index;
    return {
      blobs,
      manifests,
      incoming: { count: this.#claims.count, bytes: this.#claims.written },
      partial: { count: this.#partials.count, bytes: this.#partials.bytes },
      quarantined: { count: this.#quarantine.count, bytes: this.#quarantine.bytes },
      pinned,
    };
  }

  /**
   * What is known about a blob that is held, with its last use up to now, which for one that was never used is
   * when it was stored; does not count as a use of it.
   */
  describe(digest: Digest): ContentEntry | undefined {
    return this.#index.describe(digest);
  }

  /** All that is held, as {@link describe} tells of it; what comes and goes meanwhile may be left out. */
  held(): IterableIterator<Held> {
    return this.#index.held();
  }

  /** Counts as a use of a blob though nobody opens it. */
  use(digest: Digest): void {
    this.#index.use(digest, this.#options.now());
  }

  /**
   * The set that no bound and no idleness ever takes from now on, in the place of the one before; not to be
   * changed any more. Settles when what may go is counted anew.
   */
  pin(digests: ReadonlySet<Digest>): Promise<void> {
    this.#index.pin(digests);
    // Whoever asks for room meanwhile would count on what is pinned by now.
    return this.#budget.exclusively(() => this.#index.sortPins());
  }

  isPinned(digest: Digest): boolean {
    return this.#index.isPinned(digest);
  }

  /**
   * Opens a blob; `undefined` when it is not held, is found damaged and forgotten, or can't be had from
   * the disk now: then too the upstream is the one to ask.
   */
  open(digest: Digest): Promise<BlobSource | undefined> {
    return this.#reads.open(digest);
  }

  /** Goes up when a blob goes: while it stays the same, all that was held still is. */
  get removals(): number {
    return this.#index.removals;
  }

  /** What {@link read} would, where the bytes are in memory; only then does it count as a use. */
  recall(digest: Digest): RememberedBlob | undefined {
    return this.#reads.recall(digest);
  }

  /** Reads a small blob or a manifest whole; `undefined` as for {@link open}. */
  read(digest: Digest): Promise<Buffer | undefined> {
    return this.#reads.read(digest);
  }

  /** Reads as {@link read} does, but counts as no use and takes nobody's place in memory. */
  peek(digest: Digest): Promise<Buffer | undefined> {
    return this.#reads.peek(digest);
  }

  /**
   * Hashes the file of a blob, a piece of 1 MiB at a time; `pace` is awaited before each. A damaged one is
   * quarantined and forgotten.
   * @throws what `pace` throws, or that the process lacks something, such as a descriptor
   */
  verify(digest: Digest, pace: Pace): Promise<Verdict> {
    return this.#reads.verify(digest, pace);
  }

  /**
   * What is held of a blob that could not be had whole, to go on with; `undefined` when nothing is. To be
   * given to {@link begin}, or back with {@link setAside}.
   */
  resume(digest: Digest): Promise<GrowingBlob | undefined> {
    return this.#incoming.resume(digest);
  }

  /**
   * Starts a blob of `size` bytes, or goes on with what is held of it, evicting others when the store or the
   * disk would become too full. One of unknown size asks for room as it grows.
   * @throws {StoreFullError} when that would not be enough
   */
  begin(digest: Digest, size: number | undefined, held?: GrowingBlob): Promise<GrowingBlob> {
    return this.#incoming.begin(digest, size, { held, tier: 'blob' });
  }

  /**
   * Ends a blob that can't be had whole now. Its readers are cut off with the error; who asks for it next
   * can {@link resume} it at once.
   */
  setAside(blob: GrowingBlob, error: unknown): Promise<void> {
    return this.#incoming.setAside(blob, error);
  }

  /** Gives a verified blob its final name. */
  async keep(blob: GrowingBlob, mediaType?: string, restricted = false): Promise<void> {
    if (blob.state !== 'verified') throw new Error(`${blob.digest} is not verified`);
    await blob.flush();
    await this.#changes.run(blob.digest, () => this.#publish(blob, mediaType, restricted));
  }

  /**
   * Verifies and keeps a manifest.
   * @throws {StoreFullError} when there is no room for it, even if others were evicted
   */
  async put(digest: Digest, bytes: Buffer, mediaType: string, restricted = false): Promise<void> {
    const blob = await this.#incoming.begin(digest, bytes.length, { tier: 'manifest' });
    try {
      await blob.append([bytes]);
      blob.verify();
      await this.keep(blob, mediaType, restricted);
      this.#reads.remember(digest, bytes);
    } catch (error) {
      await blob.fail(error);
      throw error;
    } finally {
      await blob.release();
    }
  }

  /**
   * Removes blobs with their files and entries, in batches that let others run, and says what is gone then.
   * Readers keep the files that they have open. The digests are taken one by one meanwhile.
   */
  remove(digests: Iterable<Digest>, reason: EvictionReason): Promise<Share> {
    return this.#removals.removeAll(digests, reason);
  }

  /** Removes what was last used before that time, in ms since the epoch, and is not pinned. */
  async evictIdle(before: number): Promise<Share> {
    const blobs = await this.#evictIdleOf('blob', before);
    return addShares(blobs, await this.#evictIdleOf('manifest', before));
  }

  /**
   * Finds, and unless it is a dry run removes, files that nobody knows of or that were kept for long enough,
   * and finds out what has no file any more.
   */
  sweep(dryRun: boolean): Promise<Swept> {
    return this.#sweep.run(dryRun);
  }

  /**
   * Does what no request has to wait for: keeps the water marks, drops what was kept for long enough, writes
   * down what was used. To be called every few seconds. What the disk refuses is tried again the next time.
   */
  async tidy(): Promise<void> {
    const work = [
      () => this.#partials.dropExpired(false),
      () => this.#quarantine.dropExpired(false),
      () => this.#budget.lower(),
      () => this.#recency.write(),
    ];
    for (const each of work) await each().catch(this.#options.failed);
  }

  /** Bytes of the file system that are free for this process. */
  freeBytes(): Promise<number> {
    return this.#files.freeBytes();
  }

  /** Bytes that all files of the store may take at most now, by its own bound and by what the disk has free. */
  room(): Promise<number> {
    return this.#budget.room();
  }

  /** Shows that the store can be written and read. */
  probe(): Promise<void> {
    return this.#files.probe();
  }

  /** Settles when no removal is under way. */
  async settled(): Promise<void> {
    await this.#budget.settled();
    await Promise.all([this.#changes.idle(), this.#partials.settled()]);
  }

  /** Writes down what was used, and settles when nothing is under way. */
  async close(): Promise<void> {
    await this.settled();
    await this.#recency.write().catch(this.#options.failed);
  }

  /** A batch at a time: to choose them all at one stroke keeps everything else waiting. */
  async #evictIdleOf(tier: Tier, before: number): Promise<Share> {
    let gone = noShare;
    // What the disk did not let go, and not to be tried again now: being the oldest it comes first.
    let kept = 0;
    for (;;) {
      const idle = this.#index.idle(tier, before, this.#options.now());
      const batch = [...idle.drop(kept).take(removalBatch)];
      if (batch.length === 0) return gone;
      const removed = await this.#removals.remove(batch, 'idle');
      kept += batch.length - removed.count;
      gone = addShares(gone, removed);
    }
  }

  async #publish(
    blob: GrowingBlob,
    mediaType: string | undefined,
    restricted: boolean,
  ): Promise<void> {
    const { digest, length: size } = blob;
    const before = this.#index.entry(digest);
    // A manifest that was fetched once more as a blob stays a manifest.
    const type = mediaType ?? before?.mediaType;
    // What everybody had once is no secret for having come in again.
    const isRestricted = restricted && (before === undefined || before.restricted === true);
    const storedAt = this.#options.now();
    try {
      const { mtimeMs: modifiedAt } = await stat(blob.path);
      const typed = type === undefined ? {} : { mediaType: type };
      const own = isRestricted ? { restricted: true } : {};
      const entry = { size, ...typed, ...own, storedAt, modifiedAt };
      await this.#contents.set(digest, entry);
      await this.#files.giveName(blob.path, digest);
      this.#index.set(digest, entry);
      blob.room?.release();
    } catch (error) {
      await this.#unname(digest).catch(this.#options.failed);
      throw error;
    }
  }

  /** Takes back an entry that got no file; a copy from before stays. */
  async #unname(digest: Digest): Promise<void> {
    if (this.#index.has(digest)) return;
    await this.#files.remove(digest);
    await this.#contents.delete(digest);
  }
}

function lastUse({ usedAt, storedAt }: ContentEntry, now: number): number {
  const known = usedAt ?? storedAt;
  // It was noted while the clock was ahead: all that can be said is that it was there by then.
  return known <= now ? known : Math.min(storedAt, now);
}
