import { parseHead } from './answerReader.ts';

/** One answer. Times are in milliseconds since it was asked for. */
export interface BodyAnswer {
  readonly status: number;
  /** Bytes of the body that came. */
  readonly bytes: number;
  /** When the first byte of the body was there; of an empty one, when all was. */
  readonly firstByteAfter: number;
  readonly doneAfter: number;
}

const endOfHead = Buffer.from('\r\n\r\n');

/** Reads an answer of HTTP/1.1 from the pieces that come, as far as a benchmark needs it: its length is that of `Content-Length`. */
export class BodyAnswerReader {
  readonly #method: 'GET' | 'HEAD';
  readonly #keep: ((piece: Buffer) => void) | undefined;
  readonly #begun = performance.now();
  #head = Buffer.alloc(0);
  #status: number | undefined;
  #length = 0;
  #received = 0;
  #firstByteAfter: number | undefined;

  constructor(method: 'GET' | 'HEAD', keep?: (piece: Buffer) => void) {
    this.#method = method;
    this.#keep = keep;
  }

  /** Takes what came, and gives the answer once it is all there. */
  take(piece: Buffer): BodyAnswer | undefined {
    if (this.#status === undefined) return this.#takeHead(piece);
    return this.#takeBody(piece);
  }

  #takeHead(piece: Buffer): BodyAnswer | undefined {
    this.#head = Buffer.concat([this.#head, piece]);
    const end = this.#head.indexOf(endOfHead);
    if (end === -1) return undefined;
    const head = this.#head.toString('latin1', 0, end);
    const { status, contentLength } = parseHead(head);
    const isBodiless = this.#method === 'HEAD' || status === 204 || status === 304;
    const length = isBodiless ? 0 : contentLength;
    if (length === undefined) throw new Error(`an answer without a length:\n${head}`);
    this.#status = status;
    this.#length = length;
    return this.#takeBody(this.#head.subarray(end + endOfHead.length));
  }

  #takeBody(piece: Buffer): BodyAnswer | undefined {
    if (piece.length > 0) this.#firstByteAfter ??= performance.now() - this.#begun;
    this.#received += piece.length;
    this.#keep?.(piece);
    if (this.#received < this.#length) return undefined;
    const doneAfter = performance.now() - this.#begun;
    return {
      status: this.#status ?? 0,
      bytes: this.#received,
      firstByteAfter: this.#firstByteAfter ?? doneAfter,
      doneAfter,
    };
  }
}
