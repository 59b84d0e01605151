import { connect, type Socket } from 'node:net';
import { BodyAnswerReader, type BodyAnswer } from './bodyAnswer.ts';

/** How an answer is asked for. */
export interface BodyRequest {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Gets the body, which else is thrown away; the bytes are overwritten by the next ones. */
  readonly keep?: (piece: Buffer) => void;
}

// All fast clients of a process read into the same bytes, which are dropped at once.
const pieceBytes = 256 * 1024;
const shared = Buffer.allocUnsafeSlow(pieceBytes);
// A slow client reads in small pieces, so that what it reads is spread over time.
const slowPieceBytes = 32 * 1024;

/**
 * A connection on which one answer is asked for after the other. It reads from the socket into the same
 * bytes again and again, so that the client is not what is being measured.
 */
export class BodyClient implements Disposable {
  readonly #host: string;
  readonly #socket: Socket;
  readonly #pause: number | undefined;
  #reader: BodyAnswerReader | undefined;
  #end: (outcome: BodyAnswer | Error) => void = () => {};
  #failure: Error | undefined;

  /** Connects to the server at a URL. With `bytesPerSecond` it reads no faster. */
  constructor(url: string, bytesPerSecond?: number) {
    const { hostname, port, host } = new URL(url);
    this.#host = host;
    this.#pause = bytesPerSecond && (slowPieceBytes / bytesPerSecond) * 1000;
    const buffer = bytesPerSecond === undefined ? shared : Buffer.allocUnsafeSlow(slowPieceBytes);
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer, callback: (count) => this.#take(buffer.subarray(0, count)) },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** Whether the server has kept the connection: one that nobody uses is closed after a while. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Asks for something, and resolves when all of the answer is there.
   * @throws when the connection ends before that, or the answer doesn't say its length
   */
  get(path: string, request: BodyRequest = {}): Promise<BodyAnswer> {
    if (this.#reader !== undefined) throw new Error('the answer before this is not there yet');
    const { method = 'GET', headers = {}, keep } = request;
    const lines = Object.entries({ host: this.#host, ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    return new Promise((resolve, reject) => {
      this.#end = (outcome) => {
        this.#reader = undefined;
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      this.#reader = new BodyAnswerReader(method, keep);
      if (this.#failure !== undefined) this.#end(this.#failure);
      else this.#socket.write(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`);
    });
  }

  /** Goes away, whatever is still to come. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** Says whether more is to be read at once. */
  #take(piece: Buffer): boolean {
    try {
      const answer = this.#reader?.take(piece);
      if (answer !== undefined) this.#end(answer);
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
    if (this.#pause === undefined) return true;
    setTimeout(() => this.#socket.resume(), this.#pause);
    return false;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    if (this.#reader !== undefined) this.#end(this.#failure);
  }
}
