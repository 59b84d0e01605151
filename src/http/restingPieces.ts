import type { BodyPiece } from './bodyPiece.ts';

/** Pieces that nobody uses now and that a reader who is a little behind may ask for; the newest stay. */
export class RestingPieces {
  readonly #limit: number;
  /** What is called when a piece has to go; the longest resting first. */
  readonly #pieces = new Map<BodyPiece, () => void>();
  #bytes = 0;

  /** Holds so many bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Lets a piece rest; `goes` is called if it has to make room, or is given up. */
  add(piece: BodyPiece, goes: () => void): void {
    this.#pieces.set(piece, goes);
    this.#bytes += piece.capacity;
    for (const oldest of this.#pieces.keys()) {
      if (this.#bytes <= this.#limit) return;
      this.giveUp(oldest);
    }
  }

  /** A piece that may rest here is used again. */
  remove(piece: BodyPiece): void {
    if (this.#pieces.delete(piece)) this.#bytes -= piece.capacity;
  }

  /** Nobody will ask for a piece that may rest here. */
  giveUp(piece: BodyPiece): void {
    const goes = this.#pieces.get(piece);
    this.remove(piece);
    goes?.();
  }
}
