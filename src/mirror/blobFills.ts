import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { BlobFill, type FillParts } from './blobFill.ts';
import { isDiskRefusal } from './diskRefusal.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';

/** The fills under way: never more than one a digest, whichever repositories it is asked under. */
export class BlobFills {
  readonly #parts: FillParts;
  readonly #running = new Set<BlobFill>();
  /** The newest of each digest. */
  readonly #newest = new Map<Digest, BlobFill>();

  constructor(parts: FillParts) {
    this.#parts = parts;
  }

  /** How many there are. */
  get count(): number {
    return this.#running.size;
  }

  /** How many clients read from them. */
  get waiters(): number {
    return this.#running.values().reduce((sum, fill) => sum + fill.readers, 0);
  }

  /** The fill of a digest, if it is under way. */
  find(digest: Digest): BlobFill | undefined {
    return this.#newest.get(digest);
  }

  /** The fill of a digest that {@link join} would join. */
  promising(repository: MirroredRepository, digest: Digest): BlobFill | undefined {
    const newest = this.#newest.get(digest);
    // One that waits for another upstream's answer may wait for long, and then there is none.
    const isPromising = newest?.begun === true || newest?.repository.host === repository.host;
    return newest?.joinable === true && isPromising ? newest : undefined;
  }

  /** Joins the fill of a digest, or starts it under this repository. */
  join(repository: MirroredRepository, digest: Digest): { fill: BlobFill; joined: boolean } {
    const promising = this.promising(repository, digest);
    if (promising !== undefined) return { fill: promising, joined: true };
    const fill = new BlobFill(repository, digest, this.#parts);
    this.#newest.set(digest, fill);
    this.#running.add(fill);
    void this.#watch(fill);
    return { fill, joined: false };
  }

  /** Ends all fills; settles when none is left. */
  async stop(): Promise<void> {
    const fills = [...this.#running];
    for (const fill of fills) fill.abort();
    await Promise.allSettled(fills.map(({ finished }) => finished));
  }

  async #watch(fill: BlobFill): Promise<void> {
    try {
      await fill.finished;
    } catch (error) {
      // What was ended on purpose did not fail.
      if (fill.aborted) return;
      // An upstream that has no such blob, or can't be asked, has begun no transfer that could fail.
      if (error instanceof RegistryError || !(fill.begun || isDiskRefusal(error))) return;
      this.#parts.observer.fillFailed(fill.repository.host, fill.digest, error);
    } finally {
      this.#running.delete(fill);
      if (this.#newest.get(fill.digest) === fill) this.#newest.delete(fill.digest);
    }
  }
}
