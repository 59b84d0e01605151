import type { BlobSource } from '../store/blobSource.ts';
import { BufferPool } from './bufferPool.ts';
import { CopyReads } from './copyReads.ts';
import type { BodyPiece } from './bodyPiece.ts';
import { RestingPieces } from './restingPieces.ts';

/** How the bodies of blobs are read; the size of each piece divides that of the larger ones. */
export interface BodyReadLimits {
  /** Bytes that a reader gets at a time while there are few. */
  readonly lonePiece: number;
  /** How many readers there may be at the same time to be few. */
  readonly few: number;
  /** Bytes that each of many gets at a time. */
  readonly crowdedPiece: number;
  /** Bytes that each of several readers of one copy gets at a time. */
  readonly sharedPiece: number;
  /** From how many readers of one copy on that is so. */
  readonly several: number;
  /** Beyond so many readers in all each gets `crowdedPiece`, lest they have too much in their hands. */
  readonly many: number;
  /** Bytes that are kept for readers a little behind; as many again of each size wait for their next use. */
  readonly kept: number;
}

/**
 * Chosen by measurement beside nginx's `sendfile`, with bytes from the page cache, over loopback.
 *
 * A lone reader pays for each hop to the thread pool: 256 KiB at a time 1.2 GB/s at 0.76 CPU-s/GB, 512 KiB
 * 1.5 at 0.61, 1 MiB 1.6 at 0.56; nginx 1.9 at 0.45. To read on the event loop, 64 KiB at a time, was as
 * good as nginx, but nothing here can tell whether a piece is in the page cache, and a disk that is slow
 * with one would hold up everybody: 64 KiB take 13 ms at 5 MB/s. So every read is the thread pool's, of which
 * `main.ts` asks for 32 threads. A hundred readers of as many blobs have 13 MiB in their hands.
 *
 * Of 64 readers each with its own pieces the reading costs as much as the sending: in a prototype 2.4 GB/s at
 * 0.48 CPU-s/GB, whatever the size. Shared, each piece is read once for all of them, and its size decides how
 * often a connection is turned to: 128 KiB at a time the 64 got 1.9 GB/s at 0.50 CPU-s/GB, 512 KiB 2.6 at 0.38,
 * 1 MiB 2.9 at 0.38, nginx's 2.2 at 0.21; eight 1.7 at 0.52, 3.1 at 0.29, 2.7 at 0.35, nginx's 2.4 at 0.32. A
 * hundred who drifted apart would have 50 MiB in their hands, and so get less: with 128 KiB each a mirror took
 * 120 MB more than idle with them, with 256 KiB 130. What is left is the kernel's, seven eighths of the samples of a
 * profile with 64: to copy, to send, and to wake clients that have read everything.
 */
export const bodyReadLimits: BodyReadLimits = {
  lonePiece: 1024 * 1024,
  few: 8,
  crowdedPiece: 128 * 1024,
  sharedPiece: 512 * 1024,
  several: 4,
  many: 64,
  kept: 4 * 1024 * 1024,
};

/** A blob that is read for one answer. */
export interface BodyReader {
  /**
   * The next bytes from `position` on, up to so many, waited for as by {@link BlobSource.read}. The
   * caller leaves the piece when it is done.
   */
  next(position: number, atMost: number): Promise<BodyPiece>;
  /** To be called once, when nothing more is read. */
  close(): void;
}

/**
 * Reads the bodies of answers, so that readers at about the same place of the same copy of a blob share
 * what was read. A slow one holds no more than the piece that it sends from.
 */
export class BodyReads {
  readonly #limits: BodyReadLimits;
  readonly #lone: BufferPool;
  readonly #crowded: BufferPool;
  readonly #shared: BufferPool;
  readonly #resting: RestingPieces;
  readonly #copies = new Map<string | symbol, CopyReads>();
  #readers = 0;

  constructor(limits: BodyReadLimits = bodyReadLimits) {
    const { lonePiece, crowdedPiece, sharedPiece, kept } = limits;
    this.#limits = limits;
    this.#lone = poolOf(lonePiece, kept);
    this.#crowded = poolOf(crowdedPiece, kept);
    this.#shared = poolOf(sharedPiece, kept);
    this.#resting = new RestingPieces(kept);
  }

  /** Starts to read; the source stays the caller's to close. */
  open(source: BlobSource): BodyReader {
    const { copy: name } = source;
    const copy = this.#copyOf(name);
    copy.join();
    this.#readers += 1;
    let open = true;
    return {
      next: async (position, atMost) => {
        const piece = await copy.piece(source, position, atMost);
        // Whoever asked for it does not wait any more.
        if (!open) piece.leave();
        return piece;
      },
      close: () => {
        open = false;
        this.#readers -= 1;
        const isLast = copy.leave();
        if (isLast && name !== undefined) this.#copies.delete(name);
      },
    };
  }

  #copyOf(name: string | symbol | undefined): CopyReads {
    const known = name === undefined ? undefined : this.#copies.get(name);
    if (known !== undefined) return known;
    const copy = new CopyReads(name, this.#resting, (readers) => this.#poolFor(readers));
    if (name !== undefined) this.#copies.set(name, copy);
    return copy;
  }

  #poolFor(readersOfCopy: number): BufferPool {
    const { few, several, many } = this.#limits;
    if (this.#readers > many) return this.#crowded;

    if (readersOfCopy >= several) return this.#shared;
    return this.#readers > few ? this.#crowded : this.#lone;
  }
}

function poolOf(bytes: number, kept: number): BufferPool {
  return new BufferPool(bytes, Math.ceil(kept / bytes));
}
