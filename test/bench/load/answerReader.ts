const endOfHead = Buffer.from('\r\n\r\n');
const headAtMost = 16 * 1024;

/** What an answer's head says. */
export interface AnswerHead {
  readonly status: number;
  /** `undefined` when it isn't said in advance. */
  readonly contentLength: number | undefined;
}

/**
 * Reads the answers of one connection, of which it keeps only the heads and how many bytes of bodies came.
 * It knows answers with a `Content-Length` alone: everything that is compared has one for what it holds.
 */
export class AnswerReader {
  readonly #expectedBytes: number;
  #head: Buffer = Buffer.alloc(0);
  #left = 0;
  /** Bytes of bodies so far. */
  bodyBytes = 0;
  /** Answers that came completely. */
  answers = 0;

  /** Every answer is expected to be a 200 with a body of so many bytes. */
  constructor(expectedBytes: number) {
    this.#expectedBytes = expectedBytes;
  }

  /** Takes what came in; throws at an answer that isn't what is expected. */
  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.#left > 0 ? this.#takeBody(rest) : this.#takeHead(rest);
  }

  #takeBody(bytes: Buffer): Buffer {
    const length = Math.min(bytes.length, this.#left);
    this.bodyBytes += length;
    this.#left -= length;
    if (this.#left === 0) this.answers += 1;
    return bytes.subarray(length);
  }

  #takeHead(bytes: Buffer): Buffer {
    const head = Buffer.concat([this.#head, bytes.subarray(0, headAtMost)]);
    const end = head.indexOf(endOfHead);
    if (end === -1) {
      if (head.length > headAtMost) throw new Error('an answer without an end of its head');
      this.#head = head;
      return bytes.subarray(head.length);
    }
    const { status, contentLength } = parseHead(head.toString('latin1', 0, end));
    if (status !== 200 || contentLength !== this.#expectedBytes) {
      throw new Error(
        `expected 200 with ${this.#expectedBytes} bytes:\n${head.toString('latin1', 0, end)}`,
      );
    }
    this.#left = contentLength;
    const taken = end + endOfHead.length - this.#head.length;
    this.#head = Buffer.alloc(0);
    return bytes.subarray(taken);
  }
}

/** Reads what counts of the head of an HTTP/1.1 answer. */
export function parseHead(text: string): AnswerHead {
  const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(text) ?? [];
  const [, length] = /^content-length: *(\d+)/im.exec(text) ?? [];
  return {
    status: Number(status),
    contentLength: length === undefined ? undefined : Number(length),
  };
}
