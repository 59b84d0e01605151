import type { Socket } from 'node:net';

// For a connection on which nothing moves: a pager at the other end, a slow disk, an image that is fsynced.
const idleTimeout = 300_000;
const keepAliveDelay = 60_000;

/** How long the connection of a caller may be still, whose turn it may be. */
export class ApiConnection {
  readonly #socket: Pick<Socket, 'setTimeout' | 'setKeepAlive'>;
  readonly #stall: number;

  /** `stall`: milliseconds in which the caller has to take something of an answer; 5 minutes by default. */
  constructor(socket: Pick<Socket, 'setTimeout' | 'setKeepAlive'>, stall = idleTimeout) {
    this.#socket = socket;
    this.#stall = stall;
  }

  /** While the mirror works nothing moves; a caller that is gone is found out by the kernel. */
  waitForOutcome(): void {
    this.#socket.setKeepAlive(true, keepAliveDelay);
    this.#socket.setTimeout(0);
  }

  /** Something has to move now and then, from whichever side. */
  expectMoves(): void {
    this.#socket.setTimeout(idleTimeout);
  }

  /** It is up to the caller to take what there is. */
  expectTaking(): void {
    this.#socket.setTimeout(this.#stall);
  }

  /** Passes on what goes out: the caller has to take each piece, and the next one may take longer to come. */
  async *whileTaken<Piece>(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
    for await (const piece of pieces) {
      this.expectTaking();
      yield piece;
      this.expectMoves();
    }
    this.expectTaking();
  }
}
