import type { BlobSource } from '../store/blobSource.ts';
import { BodyPiece } from './bodyPiece.ts';
import type { BufferPool } from './bufferPool.ts';
import type { RestingPieces } from './restingPieces.ts';

interface HeldPiece {
  readonly piece: BodyPiece;
  /** Whether others may have it; never rejects. */
  readonly common: Promise<boolean>;
}

/** What the readers of one copy of a blob have in memory of it. */
export class CopyReads {
  readonly #copy: string | symbol | undefined;
  readonly #resting: RestingPieces;
  readonly #poolFor: (readers: number) => BufferPool;
  /** By the position of the first byte. */
  readonly #pieces = new Map<number, HeldPiece>();
  #readers = 0;

  /**
   * Without a name of the copy nothing of it is shared. `poolFor` says where its buffers come from when it
   * has so many readers.
   */
  constructor(
    copy: string | symbol | undefined,
    resting: RestingPieces,
    poolFor: (readers: number) => BufferPool,
  ) {
    this.#copy = copy;
    this.#resting = resting;
    this.#poolFor = poolFor;
  }

  /** One more reader. */
  join(): void {
    this.#readers += 1;
  }

  /** One reader less; says whether that was the last, which nothing is kept for. */
  leave(): boolean {
    this.#readers -= 1;
    if (this.#readers > 0) return false;
    for (const { piece } of this.#pieces.values()) this.#resting.giveUp(piece);
    return true;
  }

  /**
   * The piece from `position` on, to be used for so many bytes: one that another reader has got or waits
   * for, or what `source` gives.
   * @throws what the source threw; never for the sake of another reader's source
   */
  async piece(source: BlobSource, position: number, atMost: number): Promise<BodyPiece> {
    const held = this.#isShared(source) ? this.#pieces.get(position) : undefined;
    if (held === undefined) return this.#read(source, position, atMost, this.#isShared(source));
    held.piece.use();
    this.#resting.remove(held.piece);
    if (await held.common) return held.piece;
    held.piece.leave();
    // Not behind another one again: if it is the disk that fails, each takes a while to go on by another way,
    // and the last would wait for all.
    return this.#read(source, position, atMost, false);
  }

  async #read(
    source: BlobSource,
    position: number,
    atMost: number,
    shared: boolean,
  ): Promise<BodyPiece> {
    const pool = this.#poolFor(this.#readers);
    const piece = new BodyPiece(pool, (unused) => this.#retire(position, unused));
    // Readers that began at different places have the same pieces from the next border on.
    const room = shared ? pool.bytes - (position % pool.bytes) : pool.bytes;
    const read = piece.fill((buffer) => source.read(buffer, position), Math.min(room, atMost));
    // A source that goes on by another way gives bytes that others have not agreed to.
    const common = read.then(
      () => this.#isShared(source),
      () => false,
    );
    if (shared) this.#pieces.set(position, { piece, common });
    try {
      await read;
      if (!this.#isShared(source)) this.#forget(position, piece);
      return piece;
    } catch (error) {
      this.#forget(position, piece);
      piece.abandon();
      throw error;
    }
  }

  #isShared(source: BlobSource): boolean {
    return this.#copy !== undefined && source.copy === this.#copy;
  }

  /** Keeps what nobody uses any more for other readers, or not. */
  #retire(position: number, piece: BodyPiece): void {
    const goes = () => {
      this.#forget(position, piece);
      piece.dissolve();
    };
    const isHeld = this.#pieces.get(position)?.piece === piece;
    if (isHeld && this.#readers > 1 && piece.isReusable) this.#resting.add(piece, goes);
    else goes();
  }

  #forget(position: number, piece: BodyPiece): void {
    if (this.#pieces.get(position)?.piece === piece) this.#pieces.delete(position);
  }
}
