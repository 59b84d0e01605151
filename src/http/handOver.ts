import type { FastifyReply } from 'fastify';
import type { BlobAnswer } from '../mirror/blobs.ts';
import type { BodyPart } from './bodyWriter.ts';

// What nginx's configuration adds to the requests of which it can send the answer itself. It puts its own
// value over a client's. A client that is not behind nginx, or has to be answered by the mirror since the
// file is gone, comes without.
const offer = 'x-hand-over';

// Other forms of a range, which nginx reads differently, are answered here.
const plainRange = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/;
// nginx knows the file, not the blob, and so would compare them with nothing.
const preconditions = ['if-match', 'if-unmodified-since'];

/** Leaves the sending of blobs that lie in finished files to nginx, which has the kernel do it. */
export class HandOver {
  readonly #location: string;

  /** `location`: of nginx, `internal`, and an alias of the directory of blobs. */
  constructor(location: string) {
    this.#location = location;
  }

  /** Where nginx finds the body of an answer; `undefined` where the mirror has to send it itself. */
  addressOf({ request, statusCode }: FastifyReply, { file }: BlobAnswer): string | undefined {
    const { headers } = request;
    if (file === undefined || headers[offer] !== 'nginx') return undefined;
    if (preconditions.some((name) => headers[name] !== undefined)) return undefined;
    const { range } = headers;
    // A range that is not honoured, be it for an If-Range, is one that nginx must not see.
    const isPlain = statusCode === 206 && plainRange.test(range ?? '');
    if (range !== undefined && !isPlain) return undefined;
    return `${this.#location}/${file}`;
  }
}

/**
 * Answers with the headers alone: nginx puts the body to them, or the part of it that the client's `Range`
 * selects. The bytes count as sent, for what becomes of them only nginx knows.
 */
export function handOver(reply: FastifyReply, address: string, part: BodyPart): FastifyReply {
  const { trace } = reply.request;
  trace.bytesSent = part.length ?? 0;
  trace.handedOver = true;
  return (
    reply
      // nginx would add its own to it.
      .removeHeader('accept-ranges')
      .header('x-accel-redirect', address)
      .header('content-length', '0')
      .send()
  );
}
