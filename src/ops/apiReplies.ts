import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ApiConnection } from './apiConnection.ts';
import { isFault } from './apiError.ts';
import { goOn, imagesObject, inPieces, jsonLines } from './apiStreams.ts';
import { ApiWork, type ApiWorkKind } from './apiWork.ts';
import type { BodyDeadlines } from './bodyDeadlines.ts';
import { requestBody } from './requestBody.ts';

/** What {@link ApiReplies} has besides the work. */
export interface ApiRepliesOptions {
  readonly logger?: Logger | undefined;
  readonly beat?: number;
  /** Milliseconds that a read waits for its turn. */
  readonly readPatience?: number;
  /** Milliseconds in which a caller of a read has to take something of it. */
  readonly readStall?: number;
}

// Well below the minute or so after which what stands between the two gives up a silent connection.
const defaultBeat = 10_000;
// Reads have few places, and whoever reads takes that of somebody else.
const defaultReadStall = 30_000;
const lines = 'application/x-ndjson';

/** How work of the API is answered. */
export class ApiReplies {
  readonly #options: ApiRepliesOptions;
  readonly #deadlines: BodyDeadlines;
  readonly #work: ApiWork;

  constructor(options: ApiRepliesOptions, deadlines: BodyDeadlines) {
    this.#options = options;
    this.#deadlines = deadlines;
    this.#work = new ApiWork(options.readPatience);
  }

  /** With what a read finds as one JSON object, however long it takes. */
  object(reply: FastifyReply, work: () => Promise<object>): Promise<FastifyReply> {
    return this.#object('read', reply, work);
  }

  /** With the outcome of a change as one JSON object, however long it takes. */
  outcome(reply: FastifyReply, work: () => Promise<object>): Promise<FastifyReply> {
    return this.#object('change', reply, work);
  }

  /** With the images in one object, or in lines where the caller takes them. */
  images(
    { headers }: FastifyRequest,
    reply: FastifyReply,
    images: AsyncIterable<object>,
  ): Promise<FastifyReply> {
    const asLines = headers.accept?.includes(lines) === true;
    return this.#stream('read', reply, asLines ? lines : 'application/json', (signal) =>
      inPieces(asLines ? this.#linesOf(images, signal) : imagesObject(images)),
    );
  }

  /** With the events in lines. */
  events(reply: FastifyReply, events: AsyncIterable<object>): Promise<FastifyReply> {
    return this.#stream('change', reply, lines, (signal) => this.#linesOf(events, signal));
  }

  /** With the bytes. */
  archive(reply: FastifyReply, bytes: AsyncIterable<Uint8Array>): Promise<FastifyReply> {
    return this.#stream('change', reply, 'application/x-tar', () => passOn(bytes));
  }

  /** With the outcome of work on the request's body, which may take as long as it moves. */
  taking(
    { raw }: FastifyRequest,
    reply: FastifyReply,
    work: (body: AsyncIterable<Uint8Array>) => Promise<object>,
  ): Promise<FastifyReply> {
    const connection = this.#connection('change', reply);
    return this.#work.run('change', reply.raw, async (signal) => {
      this.#deadlines.lift(raw);
      connection.expectMoves();
      const taken = (): void => connection.waitForOutcome();
      raw.once('end', taken);
      try {
        return sendObject(reply, await work(requestBody(raw, signal)));
      } finally {
        raw.off('end', taken);
        connection.expectTaking();
        this.#readRest(raw);
      }
    });
  }

  /** Ends what is under way. */
  stop(): void {
    this.#work.stop();
  }

  /** Resolves when nothing is under way, after a stop. */
  idle(): Promise<void> {
    return this.#work.idle();
  }

  #object(
    kind: ApiWorkKind,
    reply: FastifyReply,
    work: () => Promise<object>,
  ): Promise<FastifyReply> {
    const connection = this.#connection(kind, reply);
    connection.waitForOutcome();
    return this.#work.run(kind, reply.raw, async () => {
      const outcome = await work();
      connection.expectTaking();
      return sendObject(reply, outcome);
    });
  }

  #connection(kind: ApiWorkKind, reply: FastifyReply): ApiConnection {
    const { readStall = defaultReadStall } = this.#options;
    return new ApiConnection(reply.raw.req.socket, kind === 'read' ? readStall : undefined);
  }

  /**
   * A caller that is still sending sees the answer only if the connection is not reset under it, which the
   * kernel does when it is closed with bytes unread. So they are read, for the time that a body has.
   */
  #readRest(raw: IncomingMessage): void {
    if (raw.complete) return;
    this.#deadlines.begin(raw);
    raw.unpipe();
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
    kind: ApiWorkKind,
    reply: FastifyReply,
    type: string,
    open: (signal: AbortSignal) => AsyncGenerator<Piece>,
  ): Promise<FastifyReply> {
    const connection = this.#connection(kind, reply);
    connection.waitForOutcome();
    return this.#work.run(kind, reply.raw, async (signal) => {
      connection.expectMoves();
      const pieces = open(signal);
      const rest = goOn(await pieces.next(), pieces);
      const body = Readable.from(connection.whileTaken(rest));
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

function sendObject(reply: FastifyReply, outcome: object): FastifyReply {
  return reply.header('cache-control', 'no-store').send(outcome);
}

async function* passOn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes;
}
