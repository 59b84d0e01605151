import { randomUUID } from 'node:crypto';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { RegistryError } from '../registry/errors.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { RequestKind } from '../mirror/mirrorObserver.ts';
import type { RequestObserver, RequestRoute } from '../mirror/requestObserver.ts';
import { BufferPool } from './bufferPool.ts';
import { ConnectionErrors } from './connectionErrors.ts';
import { answerBlob, answerManifest } from './contentHandlers.ts';
import { sendError } from './errorAnswer.ts';
import { answerReferrers, answerTags } from './listHandlers.ts';
import { requireSoundHead } from './requestHead.ts';
import { parseRegistryPath, type RegistryPath } from './registryPath.ts';
import { findRepository } from './repositoryLookup.ts';
import { readTarget, type RequestTarget } from './requestTarget.ts';
import { RequestTrace } from './requestTrace.ts';
import { sendBytes } from './sendBytes.ts';
import { serverLimits, type ServerLimits } from './serverLimits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything else happens to the request. */
    trace: RequestTrace;
  }
}

/** What the registry's server needs. */
export interface RegistryServerOptions {
  readonly mirror: Mirror;
  readonly observer: RequestObserver;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
  /** What differs from {@link serverLimits}. */
  readonly limits?: Partial<ServerLimits>;
}

// No body is ever read: what announces one is refused by its head.
const bodyLimit = 1024;

const pieceSize = 256 * 1024;
const idlePieces = 64;

const emptyObject = Buffer.from('{}');
const pushMethods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

const routes: Record<RegistryPath['kind'], RequestRoute & (RequestKind | 'base')> = {
  base: 'base',
  manifest: 'manifest',
  blob: 'blob',
  tags: 'tags',
  referrers: 'referrers',
};

/** The server of the registry API, not yet listening. */
export function createRegistryServer(options: RegistryServerOptions): FastifyInstance {
  const connectionErrors = new ConnectionErrors();
  const begin = (request: FastifyRequest, reply: FastifyReply): void => {
    connectionErrors.begun(reply.raw);
    observe(options, request, reply);
    reply.header('docker-distribution-api-version', 'registry/2.0');
  };
  const app = fastify({
    ...serverOptions({ ...serverLimits, ...options.limits }),
    clientErrorHandler: (error, socket) => connectionErrors.answer(error, socket),
    frameworkErrors: (error, request, reply) => {
      begin(request, reply);
      // No look has been taken at a body that may follow.
      void sendError(reply.header('connection', 'close'), error);
    },
  });
  app.decorateRequest('trace');
  // Nothing that is answered here has a body: what comes with a push is refused unread.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', async (request, reply) => {
    begin(request, reply);
    requireSoundHead(request, reply);
  });
  app.addHook('onSend', async (request) => request.trace.headSent());
  app.setErrorHandler((error, _request, reply) => sendError(reply, error));
  app.setNotFoundHandler((_request, reply) => sendError(reply, new RegistryError('NOT_FOUND')));
  addRoutes(app, options.mirror);
  answerExpectations(app);
  return app;
}

function serverOptions(limits: ServerLimits) {
  const { headersTimeout, requestTimeout, keepAliveTimeout, idleTimeout } = limits;
  const { checkInterval: connectionsCheckingInterval, maxHeaderSize } = limits;
  return {
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit,
    connectionTimeout: idleTimeout,
    requestTimeout,
    keepAliveTimeout,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // Node would refuse a request without Host by itself, without an OCI error.
    http: { headersTimeout, maxHeaderSize, connectionsCheckingInterval, requireHostHeader: false },
  } as const;
}

/**
 * Node answers an `Expect` by itself: 100, which invites a body that would never be read, or 417
 * without an OCI error. Here such a request is one like others (RFC 9110 §10.1.1).
 */
function answerExpectations(app: FastifyInstance): void {
  for (const event of ['checkContinue', 'checkExpectation']) app.server.on(event, app.routing);
}

function addRoutes(app: FastifyInstance, mirror: Mirror): void {
  const pool = new BufferPool(pieceSize, idlePieces);
  for (const url of ['/v2', '/v2/*']) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      handler: (request, reply) => answer(mirror, pool, request, reply),
    });
    app.route({
      method: [...pushMethods],
      url,
      handler: (_request, reply) => sendError(reply, new RegistryError('UNSUPPORTED')),
    });
  }
}

/** Has the request counted and logged once it is over, however that comes about. */
function observe(
  { observer, monotonicNow }: RegistryServerOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const trace = new RequestTrace(monotonicNow);
  request.trace = trace;
  const response = reply.raw;
  // The address of a connection can't be had once it is closed.
  const client = request.ip;
  response.once('close', () => {
    observer.finished(
      trace.finish({
        method: request.method,
        status: response.statusCode,
        path: request.url.split('?', 1)[0] ?? '',
        client,
        requestId: request.id,
        aborted: !response.writableFinished,
      }),
    );
  });
}

async function answer(
  mirror: Mirror,
  pool: BufferPool,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const target = readTarget(request.raw.url ?? '');
  const path = parseRegistryPath(target.path);
  request.trace.route = routes[path.kind];
  if (path.kind === 'base') return answerBase(request, reply);
  return answerContent(mirror, pool, path, target, request, reply);
}

/** `GET /v2/`: open to all, so no challenge, which dockerd would meet with Docker Hub credentials. */
function answerBase(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('content-type', 'application/json');
  if (request.method !== 'HEAD') return sendBytes(reply, emptyObject);
  return reply.header('content-length', String(emptyObject.length)).send();
}

async function answerContent(
  mirror: Mirror,
  pool: BufferPool,
  path: Exclude<RegistryPath, { kind: 'base' }>,
  target: RequestTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  request.trace.kind = path.kind;
  const repository = findRepository(mirror.upstreams, path.name, target.ns);
  request.trace.upstream = repository.host;
  if (target.ns !== undefined) reply.header('oci-namespace', target.ns);
  await mirror.visibility.require(repository);
  switch (path.kind) {
    case 'manifest':
      return answerManifest(mirror, repository, path.reference, request, reply);
    case 'blob':
      return answerBlob(mirror, repository, path.digest, request, reply, pool);
    case 'tags':
      return answerTags(mirror, repository, target, request, reply);
    case 'referrers':
      return answerReferrers(mirror, repository, path.digest, target, request, reply);
  }
}
