import { digestHex, type Digest } from '../../registry/digest.ts';

/** A digest with how many bytes are held under it. */
export interface SizedDigest {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Digests in the order of their hex digits, so that a walk through them can be gone on with after any of
 * them. They are sorted a bucket at a time, when that is reached: to sort 100,000 at once keeps everything
 * else waiting.
 */
export class DigestOrder implements Iterable<SizedDigest> {
  /** By their first two hex digits. */
  readonly #buckets: SizedDigest[][] = Array.from({ length: 256 }, () => []);
  readonly #last: Digest | undefined;
  #count = 0;
  #bytes = 0;

  /** With `last`, takes only what comes after that. */
  constructor(last: Digest | undefined) {
    this.#last = last;
  }

  /** Takes up a digest, in any order. */
  add(digest: Digest, size: number): void {
    if (this.#last !== undefined && compare(digest, this.#last) <= 0) return;
    const bucket = Number.parseInt(digestHex(digest).slice(0, 2), 16);
    this.#buckets[bucket]?.push({ digest, size });
    this.#count += 1;
    this.#bytes += size;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All of them in order; to be walked through when nothing more is added. */
  *[Symbol.iterator](): Generator<SizedDigest, undefined> {
    for (const bucket of this.#buckets) {
      yield* bucket.toSorted((one, other) => compare(one.digest, other.digest));
    }
  }
}

function compare(one: Digest, other: Digest): number {
  const [left, right] = [digestHex(one), digestHex(other)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
