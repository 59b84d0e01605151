import type { Digest } from '../registry/digest.ts';
import type { BlobIndex, Held, Tier } from './blobIndex.ts';
import { removalBatch, type BlobRemovals } from './blobRemovals.ts';
import type { EvictionReason } from './evictionReason.ts';
import type { Expendable } from './expendable.ts';
import { KeyedQueue } from './keyedQueue.ts';
import type { RoomClaims } from './roomClaims.ts';
import { StoreFullError } from './storeFullError.ts';

/** Shares of the room that the store may take, 0 to 1. */
export interface WaterMarks {
  /** Above it, blobs are evicted in the background. */
  readonly high: number;
  /** Down to it. */
  readonly low: number;
}

/** What a {@link StoreBudget} works with. */
export interface StoreBudgetParts {
  /** Bytes that all files of the store together may take. */
  readonly maxSize: number;
  /** Bytes of the file system that are left alone. */
  readonly minFree: number;
  readonly waterMarks: WaterMarks;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly failed: (error: unknown) => void;
  /** Bytes of the file system that are free for this process. */
  readonly freeBytes: () => Promise<number>;
  readonly index: BlobIndex;
  readonly removals: BlobRemovals;
  /** What goes before any blob that is whole, the first of them first. */
  readonly expendables: readonly Expendable[];
  /** The blobs that are being written. */
  readonly claims: RoomClaims;
}

/** Room that is asked for. */
export interface Reservation {
  /** In bytes. */
  readonly extra: number;
  readonly tier: Tier;
  readonly soFar?: number;
}

// While an image is in use its manifest is worth more than any layer: it is small, and a counted request.
const manifestInUse = 3_600_000;

/**
 * How much room the store has, and what has to go for it. Room is promised before bytes are written, one
 * promise after the other, so that the bounds hold at any moment however many blobs come in.
 */
export class StoreBudget {
  readonly #parts: StoreBudgetParts;
  /** Whatever is given away or made free: what was promised to one is not there for the next. */
  readonly #turns = new KeyedQueue<'room'>();
  #lowering: Promise<void> | undefined;

  constructor(parts: StoreBudgetParts) {
    this.#parts = parts;
  }

  /** Does something that must not happen while room is given away. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.run('room', work);
  }

  /**
   * Finds room for so many bytes more, evicting others if need be, and hands it out by `grant`, which is told
   * how many bytes there are beyond. When no eviction would help, nothing is evicted. Nor is it for one whose
   * size nobody told, once it is half of all there is: to evict everything first would show that it is too large.
   * `soFar`: bytes of such a one with these.
   * @throws {StoreFullError}
   */
  reserve<Result>(
    { extra, tier, soFar = 0 }: Reservation,
    grant: (spare: number) => Result,
  ): Promise<Result> {
    return this.exclusively(async () => {
      if (soFar > this.#budget(await this.#parts.freeBytes()) / 2) throw new StoreFullError(soFar);
      const free = await this.#makeRoom(extra, tier);
      const granted = grant(-this.#shortage(extra, free));
      if (this.#isAboveHigh(free)) this.lower().catch(this.#parts.failed);
      return granted;
    });
  }

  /** Evicts down to the low water mark, if there is more than up to the high one. */
  lower(): Promise<void> {
    this.#lowering ??= this.#lower().finally(() => {
      this.#lowering = undefined;
    });
    return this.#lowering;
  }

  /** Bytes that all files of the store may take at most now, by its own bound and by what the disk has free. */
  async room(): Promise<number> {
    return this.#budget(await this.#parts.freeBytes());
  }

  /** Settles when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#lowering]);
    await this.#turns.idle();
  }

  /** All that the files of the store take, with what was promised to those that grow. */
  get #taken(): number {
    return this.#written + this.#promised;
  }

  get #promised(): number {
    const { claims } = this.#parts;
    return claims.bytes - claims.written;
  }

  get #written(): number {
    const { index, removals, expendables, claims } = this.#parts;
    const spent = expendables.reduce((sum, { bytes }) => sum + bytes, 0);
    return index.bytes + removals.bytes + spent + claims.written;
  }

  /** Bytes that have to go before there is room for so many more. */
  #shortage(extra: number, free: number): number {
    const { maxSize, minFree } = this.#parts;
    const ofDisk = extra + this.#promised + minFree - free;
    return Math.max(this.#taken + extra - maxSize, ofDisk);
  }

  /** Makes room and says what is free on the disk then. */
  async #makeRoom(extra: number, tier: Tier): Promise<number> {
    const { freeBytes, maxSize } = this.#parts;
    let free = await freeBytes();
    if (this.#shortage(extra, free) <= 0) return free;
    await this.#departed();
    free = await freeBytes();
    if (!this.#canGive(this.#shortage(extra, free), tier)) throw new StoreFullError(extra);
    for (;;) {
      const missing = this.#shortage(extra, free);
      if (missing <= 0) return free;
      const reason = this.#taken + extra > maxSize ? 'size' : 'disk';
      const freed = await this.#evictSome(missing, tier, reason);
      if (freed === 0) throw new StoreFullError(extra);
      // Not asked for again: file systems may take a while to give back what was removed.
      free += freed;
    }
  }

  /** What is on its way out is not to be made room for twice. */
  async #departed(): Promise<void> {
    const { removals, expendables } = this.#parts;
    await Promise.all([removals, ...expendables].map((one) => one.settled()));
  }

  /** Whether so many bytes can be evicted. */
  #canGive(wanted: number, tier: Tier): boolean {
    const { index, expendables } = this.#parts;
    let bytes = expendables.reduce((sum, one) => sum + one.bytes, index.evictable('blob').bytes);
    for (const [, { size }] of this.#manifestsFor(tier)) {
      if (bytes >= wanted) break;
      bytes += size;
    }
    return bytes >= wanted;
  }

  /** Removes what matters least, about so many bytes of it, and says how many; 0 when nothing can go. */
  async #evictSome(wanted: number, tier: Tier, reason: EvictionReason): Promise<number> {
    for (const expendable of this.#parts.expendables) {
      const freed = await expendable.dropOldest();
      if (freed !== undefined && freed > 0) return freed;
    }
    // What the disk does not let go is held still, and must not keep all others from being chosen.
    const tried = new Set<Digest>();
    for (;;) {
      const batch = this.#leastNeeded(wanted, tier, tried);
      if (batch.length === 0) return 0;
      const { bytes } = await this.#parts.removals.remove(batch, reason);
      if (bytes > 0) return bytes;
      for (const [digest] of batch) tried.add(digest);
    }
  }

  #leastNeeded(wanted: number, tier: Tier, without: ReadonlySet<Digest>): Held[] {
    const blobs = batchOf(this.#parts.index.oldest('blob'), wanted, without);
    return blobs.length > 0 ? blobs : batchOf(this.#manifestsFor(tier), wanted, without);
  }

  /** The manifests that may go for something of this tier, from the least recently used. */
  #manifestsFor(tier: Tier): Iterable<Held> {
    if (tier === 'manifest') return this.#parts.index.oldest('manifest');
    const now = this.#parts.now();
    // A clock that was set back must not keep them for ever.
    const mayGo = (usedAt: number) => Math.abs(now - usedAt) >= manifestInUse;
    return this.#parts.index.oldest('manifest', mayGo);
  }

  /** What the store may take at most, be it that the disk would hold more or less. */
  #budget(free: number): number {
    const { maxSize, minFree } = this.#parts;
    return Math.max(0, Math.min(maxSize, this.#written + free - minFree));
  }

  #isAboveHigh(free: number): boolean {
    return this.#taken > this.#budget(free) * this.#parts.waterMarks.high;
  }

  async #lower(): Promise<void> {
    const atFirst = await this.#parts.freeBytes();
    if (!this.#isAboveHigh(atFirst)) return;
    let freed = 0;
    let some: number;
    do {
      some = await this.exclusively(async () => {
        // Others make room and take it meanwhile; file systems may take a while to give back what was removed.
        const free = Math.max(await this.#parts.freeBytes(), atFirst + freed);
        return this.#lowerOnce(free);
      });
      freed += some;
    } while (some > 0);
  }

  /** Evicts some of what is above the low water mark and says how many bytes; 0 when there is nothing to do. */
  async #lowerOnce(free: number): Promise<number> {
    const budget = this.#budget(free);
    const excess = this.#taken - budget * this.#parts.waterMarks.low;
    if (excess <= 0) return 0;
    const reason = budget === this.#parts.maxSize ? 'size' : 'disk';
    // Up to the bound itself, everything may have to go.
    return this.#evictSome(excess, this.#taken > budget ? 'manifest' : 'blob', reason);
  }
}

/** The first of those that are not `without`, until they have so many bytes or are as many as can go at once. */
function batchOf(blobs: Iterable<Held>, wanted: number, without: ReadonlySet<Digest>): Held[] {
  const batch: Held[] = [];
  let bytes = 0;
  for (const blob of blobs) {
    if (without.has(blob[0])) continue;
    batch.push(blob);
    bytes += blob[1].size;
    if (bytes >= wanted || batch.length === removalBatch) break;
  }
  return batch;
}
