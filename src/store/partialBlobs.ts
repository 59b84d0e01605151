import type { Digest } from '../registry/digest.ts';

/** A file with the first bytes of a blob, of which the others could not be had. */
export interface PartialBlob {
  readonly digest: Digest;
  readonly path: string;
  readonly length: number;
  /** When it got its last bytes, in ms since the epoch. */
  readonly keptAt: number;
}

/** The bounds of {@link PartialBlobs}. */
export interface PartialBlobsOptions {
  /** Bytes that all of them together may take. */
  readonly maxSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Longer ago than this nobody waits for the rest any more. */
export const partialLife = 24 * 3_600_000;

/**
 * What is held of blobs that are not whole, so that the next request for one need not begin at its
 * start. It names the files and leaves it to its caller to remove those that it lets go.
 */
export class PartialBlobs {
  readonly #options: PartialBlobsOptions;
  /** Oldest first. */
  readonly #held = new Map<Digest, PartialBlob>();
  #bytes = 0;

  constructor(options: PartialBlobsOptions) {
    this.#options = options;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many there are. */
  get count(): number {
    return this.#held.size;
  }

  /** Whether the file is one of these. */
  has(path: string): boolean {
    return this.#held.values().some((partial) => partial.path === path);
  }

  /** Takes one in; returns those that had to go for it, be it this one. */
  add(partial: PartialBlob): PartialBlob[] {
    // Not to be found out when all others have gone for it.
    if (partial.length > this.#options.maxSize) return [partial];
    const known = this.#held.get(partial.digest);
    if (known !== undefined && known.length >= partial.length) return [partial];
    if (known !== undefined) this.#remove(known);
    this.#held.set(partial.digest, partial);
    this.#bytes += partial.length;
    return [...(known === undefined ? [] : [known]), ...this.#takeBeyondBounds()];
  }

  /** Hands out what is held of a blob, if anything is; from then on it is the caller's. */
  take(digest: Digest): PartialBlob | undefined {
    const partial = this.#held.get(digest);
    if (partial !== undefined) this.#remove(partial);
    return partial;
  }

  /** Hands out the oldest one. */
  takeOldest(): PartialBlob | undefined {
    const [oldest] = this.#held.values();
    if (oldest !== undefined) this.#remove(oldest);
    return oldest;
  }

  /** Those that nobody waits for any more. */
  expired(): PartialBlob[] {
    const now = this.#options.now();
    return [...this.#held.values()].filter(({ keptAt }) => now - keptAt > partialLife);
  }

  /** Hands out those that nobody waits for any more. */
  takeExpired(): PartialBlob[] {
    const expired = this.expired();
    for (const partial of expired) this.#remove(partial);
    return expired;
  }

  #takeBeyondBounds(): PartialBlob[] {
    const gone = this.takeExpired();
    for (const partial of this.#held.values()) {
      if (this.#bytes <= this.#options.maxSize) break;
      this.#remove(partial);
      gone.push(partial);
    }
    return gone;
  }

  #remove(partial: PartialBlob): void {
    this.#held.delete(partial.digest);
    this.#bytes -= partial.length;
  }
}
