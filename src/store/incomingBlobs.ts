import type { Digest } from '../registry/digest.ts';
import type { BlobFiles } from './blobFiles.ts';
import type { Tier } from './blobIndex.ts';
import { GrowingBlob } from './growingBlob.ts';
import type { PartialFiles } from './partialFiles.ts';
import { RecentMemory } from './recentBytes.ts';
import type { RoomClaim, RoomClaims } from './roomClaims.ts';
import type { StoreBudget } from './storeBudget.ts';

/** What {@link IncomingBlobs} work with. */
export interface IncomingBlobsParts {
  readonly files: BlobFiles;
  readonly budget: StoreBudget;
  readonly claims: RoomClaims;
  readonly partials: PartialFiles;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A file could not be removed, or not be read. */
  readonly failed: (error: unknown) => void;
}

/** The blobs that are not whole: those being written, and what is left of those that broke off. */
export class IncomingBlobs {
  readonly #parts: IncomingBlobsParts;
  readonly #recent = new RecentMemory();

  constructor(parts: IncomingBlobsParts) {
    this.#parts = parts;
  }

  /** What is held of a blob that could not be had whole, to go on with; `undefined` when nothing is. */
  async resume(digest: Digest): Promise<GrowingBlob | undefined> {
    const { partials, failed } = this.#parts;
    const partial = partials.take(digest);
    if (partial === undefined) return undefined;
    const room = this.#claim(partial.path, partial.length, 'blob');
    try {
      return await GrowingBlob.resume(digest, partial.path, room, this.#recent);
    } catch (error) {
      partials.remove(partial);
      room.release();
      failed(error);
      return undefined;
    }
  }

  /**
   * Starts a blob of `size` bytes, or goes on with what is held of it, evicting others when the store or the
   * disk would become too full.
   * @throws {StoreFullError} when that would not be enough
   */
  async begin(
    digest: Digest,
    size: number | undefined,
    { held, tier }: { readonly held?: GrowingBlob | undefined; readonly tier: Tier },
  ): Promise<GrowingBlob> {
    const blob = held ?? (await this.#create(digest, size ?? 0, tier));
    if (size !== undefined) await held?.room?.reach(size, 0);
    if (size !== undefined) blob.announceSize(size);
    return blob;
  }

  /** Ends a blob that can't be had whole now; who asks for it next can {@link resume} it at once. */
  async setAside(blob: GrowingBlob, error: unknown): Promise<void> {
    const { digest, path, length, room } = blob;
    if (length === 0) return blob.fail(error);
    this.#parts.partials.add({ digest, path, length, keptAt: this.#parts.now() });
    room?.release();
    blob.cutOff(error);
  }

  async #create(digest: Digest, size: number, tier: Tier): Promise<GrowingBlob> {
    const { budget, files } = this.#parts;
    const path = files.newPath(digest);
    const room = await budget.reserve({ extra: size, tier }, () => this.#claim(path, size, tier));
    try {
      return await GrowingBlob.create(digest, path, room, this.#recent);
    } catch (error) {
      room.release();
      throw error;
    }
  }

  #claim(path: string, bytes: number, tier: Tier): RoomClaim {
    const { claims, budget } = this.#parts;
    return claims.open(path, bytes, (extra, soFar, grant) =>
      budget.reserve({ extra, tier, soFar }, grant),
    );
  }
}
