import type { ServerResponse } from 'node:http';
import type { BlobSource } from '../store/blobSource.ts';
import type { BodyPiece } from './bodyPiece.ts';
import type { BodyReads } from './bodyReads.ts';

/** The piece of a blob that goes into an answer. */
export interface BodyPart {
  /** The first byte, counted from 0. */
  readonly start: number;
  /** How many bytes; `undefined` for all there are, while nobody knows how many that will be. */
  readonly length: number | undefined;
}

/** The client went away before it had everything. */
export class ClientGoneError extends Error {
  constructor() {
    super('the client closed the connection');
    this.name = 'ClientGoneError';
  }
}

/**
 * Sends a part of a blob after the headers, each reader at its own pace: the next piece is asked for when
 * the socket has taken the last one, so a slow client costs one piece and holds up nobody.
 *
 * A body that can't be completed ends short with FIN. containerd resumes then, but fails the whole
 * pull on RST or on bytes that are made up.
 *
 * @throws {ClientGoneError} or what the source threw, after the connection was ended
 */
export async function writeBody(
  response: ServerResponse,
  source: BlobSource,
  part: BodyPart,
  reads: BodyReads,
  sent: (bytes: number) => void,
): Promise<void> {
  const client = new BodyClient(response);
  const reader = reads.open(source);
  try {
    let position = part.start;
    let left = part.length ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const piece = await client.whileThere(reader.next(position, left));
      const count = await client.take(piece, left);
      if (count === 0) break;
      sent(count);
      position += count;
      left -= count;
    }
    if (part.length !== undefined && left > 0) throw new Error(`the blob ends ${left} bytes short`);
    response.end();
  } catch (error) {
    // The request's socket: behind others in a pipeline an answer has none yet.
    response.req.socket.destroySoon();
    throw error;
  } finally {
    reader.close();
  }
}

/** The client of one answer; to wait for anything ends when it goes away. */
class BodyClient {
  readonly #response: ServerResponse;
  #closed = false;
  #abandon: (() => void) | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#closed = response.destroyed;
    response.once('close', () => {
      this.#closed = true;
      this.#abandon?.();
    });
  }

  /** Settles when the socket has taken so much of a piece as it may, and says how much that is. */
  async take(piece: BodyPiece, atMost: number): Promise<number> {
    try {
      const bytes = piece.bytes(atMost);
      if (bytes.length > 0) await this.#write(bytes);
      piece.leave();
      return bytes.length;
    } catch (error) {
      // The kernel may not be done with it.
      piece.abandon();
      throw error;
    }
  }

  /** Waits for something on behalf of the client, which may take as long as an upstream stalls. */
  whileThere<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#rejectWhenGone(reject);
      work.then(resolve, reject);
    });
  }

  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#rejectWhenGone(reject)) return;
      this.#response.write(bytes, (error) => (error ? reject(new ClientGoneError()) : resolve()));
    });
  }

  /** Rejects when the client goes away, or at once where it has; says whether it has. */
  #rejectWhenGone(reject: (error: Error) => void): boolean {
    this.#abandon = () => reject(new ClientGoneError());
    if (this.#closed) this.#abandon();
    return this.#closed;
  }
}
