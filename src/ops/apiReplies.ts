import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isFault } from './apiError.ts';
import { goOn, imagesObject, inPieces, jsonLines } from './apiStreams.ts';
import { ApiWork } from './apiWork.ts';
import type { BodyDeadlines } from './bodyDeadlines.ts';

/** What {@link ApiReplies} has besides the work. */
export interface ApiRepliesOptions {
  readonly logger?: Logger | undefined;
  readonly beat?: number;
}

// Well below the minute or so after which what stands between the two gives up a silent connection.
const defaultBeat = 10_000;
// For a connection on which nothing moves: a pager at the other end, a slow disk, an image that is fsynced.
const idleTimeout = 300_000;
const keepAliveDelay = 60_000;
const lines = 'application/x-ndjson';

/** How work of the API is answered. */
export class ApiReplies {
  readonly #options: ApiRepliesOptions;
  readonly #deadlines: BodyDeadlines;
  readonly #work = new ApiWork();

  constructor(options: ApiRepliesOptions, deadlines: BodyDeadlines) {
    this.#options = options;
    this.#deadlines = deadlines;
  }

  /** With the outcome as one JSON object, however long it takes. */
  object(reply: FastifyReply, work: () => Promise<object>): Promise<FastifyReply> {
    return this.#work.run(reply.raw, async () => {
      waitForOutcome(reply.raw.req.socket);
      return reply.header('cache-control', 'no-store').send(await work());
    });
  }

  /** With the images in one object, or in lines where the caller takes them. */
  images(
    { headers }: FastifyRequest,
    reply: FastifyReply,
    images: AsyncIterable<object>,
  ): Promise<FastifyReply> {
    const asLines = headers.accept?.includes(lines) === true;
    return this.#stream(reply, asLines ? lines : 'application/json', (signal) =>
      inPieces(asLines ? this.#linesOf(images, signal) : imagesObject(images)),
    );
  }

  /** With the events in lines. */
  events(reply: FastifyReply, events: AsyncIterable<object>): Promise<FastifyReply> {
    return this.#stream(reply, lines, (signal) => this.#linesOf(events, signal));
  }

  /** With the bytes. */
  archive(reply: FastifyReply, bytes: AsyncIterable<Uint8Array>): Promise<FastifyReply> {
    return this.#stream(reply, 'application/x-tar', () => passOn(bytes));
  }

  /** With the outcome of work on the request's body, which may take as long as it moves. */
  taking(
    { raw }: FastifyRequest,
    reply: FastifyReply,
    work: (body: AsyncIterable<Uint8Array>) => Promise<object>,
  ): Promise<FastifyReply> {
    return this.#work.run(reply.raw, async () => {
      this.#deadlines.lift(raw);
      raw.socket.setTimeout(idleTimeout);
      raw.once('end', () => waitForOutcome(raw.socket));
      try {
        return reply.header('cache-control', 'no-store').send(await work(bodyOf(raw)));
      } finally {
        this.#readRest(raw);
      }
    });
  }

  /** Ends what is under way. */
  stop(): void {
    this.#work.stop();
  }

  /**
   * A caller that is still sending sees the answer only if the connection is not reset under it, which the
   * kernel does when it is closed with bytes unread. So they are read, for the time that a body has.
   */
  #readRest(raw: IncomingMessage): void {
    if (raw.complete) return;
    this.#deadlines.begin(raw);
    raw.resume();
  }

  #linesOf(events: AsyncIterable<object>, signal: AbortSignal): AsyncGenerator<string> {
    const { beat = defaultBeat, logger } = this.#options;
    const failed = (error: unknown): void => {
      if (isFault(error) && !signal.aborted) logger?.warn({ err: error }, 'an answer broke off');
    };
    return jsonLines(events, { beat, signal, failed });
  }

  /** What fails before the first piece is answered as an error; afterwards the body ends short. */
  #stream<Piece extends string | Uint8Array>(
    reply: FastifyReply,
    type: string,
    open: (signal: AbortSignal) => AsyncGenerator<Piece>,
  ): Promise<FastifyReply> {
    return this.#work.run(reply.raw, async (signal) => {
      reply.raw.req.socket.setTimeout(idleTimeout);
      const pieces = open(signal);
      const body = Readable.from(goOn(await pieces.next(), pieces));
      // A stream that is never read has nobody who would end it.
      if (signal.aborted) body.destroy();
      else signal.addEventListener('abort', () => endSoon(body));
      return reply.header('cache-control', 'no-store').type(type).send(body);
    });
  }
}

const lastWords = 1000;

/** Lines say why they end; what can't is cut off. */
function endSoon(body: Readable): void {
  if (body.destroyed) return;
  const timer = setTimeout(() => body.destroy(new Error('the mirror is stopping')), lastWords);
  body.once('close', () => clearTimeout(timer));
}

/** While it works nothing moves; a caller that is gone is found out by the kernel. */
function waitForOutcome(socket: Socket): void {
  socket.setKeepAlive(true, keepAliveDelay);
  socket.setTimeout(0);
}

/** Whoever stops reading must not close the connection: the answer is still to be sent. */
function bodyOf(raw: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => raw.iterator({ destroyOnReturn: false }) };
}

async function* passOn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes;
}
