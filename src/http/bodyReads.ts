import type { BlobSource } from '../store/blobSource.ts';
import { BufferPool } from './bufferPool.ts';
import { CopyReads, type PiecePools } from './copyReads.ts';
import type { BodyPiece } from './bodyPiece.ts';
import { RestingPieces } from './restingPieces.ts';

/** How the bodies of blobs are read. */
export interface BodyReadLimits {
  /** Bytes that a reader gets at a time that is alone, or nearly, with its blob. */
  readonly lonePiece: number;
  /** Bytes that each of several readers of one blob gets at a time; divides that of a lone one. */
  readonly sharedPiece: number;
  /** From how many readers of one blob on that is so. */
  readonly several: number;
  /** Bytes that are kept for readers a little behind; as many again of each size wait for their next use. */
  readonly kept: number;
}

/**
 * Chosen by measurement beside nginx's `sendfile`, a gigabyte from the page cache over loopback. A lone
 * reader pays for each hop to the thread pool: pieces of 256 KiB 1.4 GB/s at 0.68 CPU-s/GB, of 512 KiB 2.1
 * at 0.44, of 1 MiB no better; nginx 2.1 at 0.46. Of 64 readers each with its own pieces the reading costs
 * as much as the sending: 2.4 at 0.48, whatever the size; with shared pieces of 512 KiB 3.4 at 0.29, of
 * 128 KiB, which stay in the processor's cache, 5.0 at 0.20; nginx 2.6 at 0.23.
 */
export const bodyReadLimits: BodyReadLimits = {
  lonePiece: 512 * 1024,
  sharedPiece: 128 * 1024,
  several: 4,
  kept: 8 * 1024 * 1024,
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
  readonly #pools: PiecePools;
  readonly #copies = new Map<string | symbol, CopyReads>();

  constructor({ lonePiece, sharedPiece, several, kept }: BodyReadLimits = bodyReadLimits) {
    this.#pools = {
      lone: new BufferPool(lonePiece, Math.ceil(kept / lonePiece)),
      shared: new BufferPool(sharedPiece, Math.ceil(kept / sharedPiece)),
      several,
      resting: new RestingPieces(kept),
    };
  }

  /** Starts to read; the source stays the caller's to close. */
  open(source: BlobSource): BodyReader {
    const { copy: name } = source;
    const copy = this.#copyOf(name);
    copy.join();
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
        const isLast = copy.leave();
        if (isLast && name !== undefined) this.#copies.delete(name);
      },
    };
  }

  #copyOf(name: string | symbol | undefined): CopyReads {
    const known = name === undefined ? undefined : this.#copies.get(name);
    if (known !== undefined) return known;
    const copy = new CopyReads(name, this.#pools);
    if (name !== undefined) this.#copies.set(name, copy);
    return copy;
  }
}
