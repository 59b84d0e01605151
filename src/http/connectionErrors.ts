import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RegistryError, type RegistryErrorCode } from '../registry/errors.ts';

// An `import` of `node:http` reads each of its exports, and with `WebSocket` loads the fetch that is built into Node:
// 3 MB that nothing here uses.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** Answers, on the bare connection, what was no HTTP request, and closes it: no more can be read. */
export class ConnectionErrors {
  readonly #lastAnswers = new WeakMap<Socket, ServerResponse>();

  /** To be told of every answer that is begun: until it is over, its connection is not free for another. */
  begun(answer: ServerResponse): void {
    this.#lastAnswers.set(answer.req.socket, answer);
  }

  /**
   * Deals with what Node's parser made of a connection. Where an answer is under way its body ends
   * short, because all that is written now would count as a part of it.
   */
  answer(error: Error & { code?: string }, socket: Socket): void {
    const underWay = this.#lastAnswers.get(socket)?.writableFinished === false;
    if (isBeyondWords(error) || !socket.writable) socket.destroy();
    else if (underWay) socket.destroySoon();
    else socket.end(answerTo(error), () => socket.destroy());
  }
}

const codes: Readonly<Record<string, RegistryErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

/** What is written before the handshake of TLS waits for it, and so would the connection, for ever. */
function isBeyondWords({ code }: { code?: string }): boolean {
  return code === 'ECONNRESET' || code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
}

function answerTo({ code = '' }: { code?: string }): string {
  const answer = new RegistryError(codes[code] ?? 'REQUEST_INVALID');
  const body = answer.toBody();
  return [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
