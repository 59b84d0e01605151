import { setTimeout as sleep } from 'node:timers/promises';
import {
  interruptedAfter,
  inverted,
  slowed,
  truncatedTo,
  withWrongByte,
  endedByCut,
} from './bodyEffects.ts';
import { withoutHeaders, type HubRequest } from './hubRequest.ts';
import type { Handler } from './origin.ts';
import { pullLimitReply } from './pullLimits.ts';
import {
  bytesReply,
  ConnectionCut,
  jsonReply,
  withHeaders,
  type RawReply,
  type Reply,
} from './reply.ts';
import { preconditionFailed } from './serveBlob.ts';
import { abuseLimitReply, failureReply, htmlPage, rawAbuseLimitReply } from './failureReplies.ts';

/** Everything that can go wrong with an answer. Counts of bytes are of this answer's own body. */
export interface FaultEffects {
  /** Holds the answer back, for so many ms or until the fault is released. */
  readonly delayHeaders?: number | 'hold';
  /** Ends the connection without an answer. */
  readonly refuse?: 'fin' | 'reset';
  /** Ends the connection with FIN after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Ends the connection with RST after so many bytes; the kernel may drop some of the last. */
  readonly resetAfter?: number;
  /** Sends so many bytes of the body and the others only when the fault is released. */
  readonly stallAfter?: number;
  /** Sends the body no faster than this. */
  readonly slow?: { readonly bytesPerSecond: number };
  /** Adds to `Content-Length`. Where it is too great the connection ends early, where it is too small the body ends with it. */
  readonly wrongLength?: number;
  /** Spoils the byte at this offset of the blob, where the answer contains it. */
  readonly wrongByteAt?: number;
  /** Sets headers; an empty value removes one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the body, with the right `Content-Length`. */
  readonly body?: string;
  /** Changes a body that is JSON. */
  readonly editJson?: (value: Record<string, unknown>) => unknown;
  /** Behaves as if the blob had been replaced by another of the same size: other ETag, other bytes. */
  readonly changedEntity?: true;
  /** Answers a range with 200 and the whole blob. */
  readonly ignoreRange?: true;
  /** At `blob_redirect` the address given has expired, at `blob_body` it is found to have. */
  readonly expireSignature?: true;
  /** Answers with this status, and the headers and body that usually come with it. */
  readonly status?: number;
  /** Docker Hub's two kinds of 429; the bare-LF one breaks strict HTTP parsers. */
  readonly throttle?: 'pull_limit' | 'abuse_limit' | 'abuse_limit_bare_lf';
  /** Answers 200 with a page of HTML, as a captive portal does. */
  readonly html?: true;
  /** Sends the client elsewhere with 307. */
  readonly redirectTo?: string;
}

/** Stands between a request and its handler, here called `next`. */
export type Interceptor = (
  request: HubRequest,
  next: Handler,
) => Promise<Reply | RawReply> | Reply | RawReply;

/** One row an effect: from the value given in the fault to what happens. */
type FaultTable = {
  readonly [Name in keyof Required<FaultEffects>]: (
    value: Required<FaultEffects>[Name],
    /** Resolves when the fault is released or cleared. */
    released: Promise<void>,
  ) => Interceptor;
};

const dayInMs = 86_400_000;

/** Every effect; where a fault has several, the upper rows see what the lower ones have done. */
export const faultTable: FaultTable = {
  delayHeaders: (delay, released) => async (request, next) => {
    await (delay === 'hold' ? released : sleep(delay, undefined, { ref: false }));
    return next(request);
  },
  refuse: (by) => () => {
    throw new ConnectionCut(by);
  },
  cutAfter: (bytes) =>
    onBody((body) =>
      interruptedAfter(body, bytes, () => {
        throw new ConnectionCut('fin');
      }),
    ),
  resetAfter: (bytes) =>
    onBody((body) =>
      interruptedAfter(body, bytes, () => {
        throw new ConnectionCut('reset');
      }),
    ),
  stallAfter: (bytes, released) => onBody((body) => interruptedAfter(body, bytes, () => released)),
  slow: ({ bytesPerSecond }) => onBody((body) => slowed(body, bytesPerSecond)),
  wrongLength: (difference) =>
    onReply((reply) => {
      const length = Number(reply.headers['content-length']) + difference;
      const body =
        difference > 0 ? endedByCut(reply.body) : truncatedTo(reply.body, Math.max(0, length));
      return withHeaders({ ...reply, body }, { 'content-length': String(Math.max(0, length)) });
    }),
  wrongByteAt: (offset) =>
    onReply((reply) => ({ ...reply, body: withWrongByte(reply.body, offset - reply.firstByte) })),
  headers: (headers) => onReply((reply) => withoutEmptyHeaders(withHeaders(reply, headers))),
  body: (body) => onReply((reply) => bytesReply(reply.status, reply.headers, body)),
  editJson: (edit) => async (request, next) => {
    const reply = await next(request);
    if ('raw' in reply) return reply;
    const pieces: Buffer[] = [];
    for await (const piece of reply.body) pieces.push(piece);
    const value = JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
    const { status, headers } = reply;
    return jsonReply(status, edit(value), { ...headers });
  },
  changedEntity: () => async (request, next) => {
    if (request.headers['if-match'] !== undefined) return preconditionFailed();
    const isConditional = request.headers['if-range'] !== undefined;
    const asked = isConditional ? withoutHeaders(request, 'if-range', 'range') : request;
    const reply = await next(asked);
    if ('raw' in reply) return reply;
    return withHeaders({ ...reply, body: inverted(reply.body) }, { etag: '"another-entity"' });
  },
  ignoreRange: () => (request, next) => next(withoutHeaders(request, 'range')),
  expireSignature: () => (request, next) => {
    const shift = request.origin === 'registry' ? -dayInMs : dayInMs;
    return next({ ...request, time: request.time + shift });
  },
  status: (status) => (request, next) => failureReply(status, request, next),
  throttle: (kind) => () => {
    if (kind === 'pull_limit') return pullLimitReply(undefined);
    return kind === 'abuse_limit' ? abuseLimitReply() : rawAbuseLimitReply();
  },
  html: () => () => htmlPage(200, 'Welcome to this network'),
  redirectTo: (location) => () => bytesReply(307, { location }, ''),
};

function onReply(change: (reply: Reply) => Reply): Interceptor {
  return async (request, next) => {
    const reply = await next(request);
    return 'raw' in reply ? reply : change(reply);
  };
}

function onBody(change: (body: Reply['body']) => Reply['body']): Interceptor {
  return onReply((reply) => ({ ...reply, body: change(reply.body) }));
}

function withoutEmptyHeaders(reply: Reply): Reply {
  const kept = Object.entries(reply.headers).filter(([, value]) => value !== '');
  return { ...reply, headers: Object.fromEntries(kept) };
}
