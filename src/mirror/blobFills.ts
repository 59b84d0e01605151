import type { Digest } from '../registry/digest.ts';
import { BlobFill, type FillParts } from './blobFill.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';

/** The fills under way: never more than one a digest, whichever repositories it is asked under. */
export class BlobFills {
  readonly #parts: FillParts;
  readonly #fills = new Map<Digest, BlobFill>();

  constructor(parts: FillParts) {
    this.#parts = parts;
  }

  /** How many there are. */
  get count(): number {
    return this.#fills.size;
  }

  /** How many clients read from them. */
  get waiters(): number {
    return this.#fills.values().reduce((sum, fill) => sum + fill.readers, 0);
  }

  /** The fill of a digest, if it is under way. */
  find(digest: Digest): BlobFill | undefined {
    return this.#fills.get(digest);
  }

  /** Joins the fill of a digest, or starts it under this repository. */
  join(repository: MirroredRepository, digest: Digest): { fill: BlobFill; joined: boolean } {
    const underWay = this.#fills.get(digest);
    if (underWay !== undefined) return { fill: underWay, joined: true };
    const fill = new BlobFill(repository, digest, this.#parts);
    this.#fills.set(digest, fill);
    void this.#watch(fill);
    return { fill, joined: false };
  }

  /** Ends all fills; settles when none is left. */
  async stop(): Promise<void> {
    const fills = [...this.#fills.values()];
    for (const fill of fills) fill.abort();
    await Promise.allSettled(fills.map(({ finished }) => finished));
  }

  async #watch(fill: BlobFill): Promise<void> {
    try {
      await fill.finished;
    } catch (error) {
      this.#parts.observer.fillFailed(fill.repository.host, fill.digest, error);
    } finally {
      this.#fills.delete(fill.digest);
    }
  }
}
