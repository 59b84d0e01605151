import type { BlobContent } from '../support/blobContent.ts';
import { allEnded } from './allEnded.ts';
import { PullFailure } from './pullFailure.ts';
import type { Reading } from './reading.ts';

/** Asks for the bytes of a blob from `start` up to, not including, `end`. */
export type AskForBytes = (blob: BlobContent, start: number, end: number) => Promise<Reading>;

/** A stretch of a blob that is fetched by itself. */
interface Piece {
  readonly start: number;
  readonly end: number;
  /** How far it is there. */
  at: number;
  right: boolean;
}

const smallestParted = 1024 * 1024;

/**
 * One blob that a client fetches: in one piece or several at once. What came stays when an attempt fails,
 * and the next one asks for the rest, as containerd, Docker and podman do.
 */
export class Download {
  readonly blob: BlobContent;
  readonly #parts: number;
  #pieces: readonly Piece[];
  /** Whether every answer so far came from what is held. */
  #onlyHits = true;

  constructor(blob: BlobContent, parts: number) {
    this.blob = blob;
    this.#parts = blob.size < smallestParted ? 1 : parts;
    this.#pieces = this.#fresh();
  }

  /** Whether all bytes came, each time from what the mirror held. */
  get wasHeld(): boolean {
    return this.#onlyHits;
  }

  /**
   * Fetches what is not there yet. `resumes`: how many short answers in a row are put up with.
   * @throws {PullFailure} when it can't be had, or turns out not to have its digest
   */
  async fetch(ask: AskForBytes, resumes: number): Promise<void> {
    await allEnded(this.#pieces.map((piece) => this.#fetchPiece(piece, ask, resumes)));
    if (this.#pieces.every(({ right }) => right)) return;
    this.#pieces = this.#fresh();
    throw new PullFailure(`${this.blob.digest} has another digest`);
  }

  async #fetchPiece(piece: Piece, ask: AskForBytes, resumes: number): Promise<void> {
    for (let left = resumes; piece.at < piece.end; left -= 1) {
      const { digest } = this.blob;
      const reading = await ask(this.blob, piece.at, piece.end);
      const { status, cache, bytes, right } = reading;
      this.#onlyHits &&= cache === 'hit';
      if (status !== 200 && status !== 206) throw new PullFailure(`${digest}: ${status}`);
      piece.at = Math.min(piece.end, piece.at + bytes);
      piece.right &&= right;
      if (piece.at < piece.end && left === 0) throw new PullFailure(`${digest} ended short`);
    }
  }

  #fresh(): readonly Piece[] {
    const { size } = this.blob;
    const bounds = Array.from({ length: this.#parts + 1 }, (_, index) =>
      Math.floor((size / this.#parts) * index),
    );
    return bounds.slice(1).map((end, index) => {
      const start = bounds[index] ?? 0;
      return { start, end, at: start, right: true };
    });
  }
}
