import { randomUUID } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Admission } from '../access/admission.ts';
import type { ClientLimitsOptions } from '../access/clientLimits.ts';
import { RegistryError } from '../registry/errors.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { RequestObserver } from '../mirror/requestObserver.ts';
import { clientAddress, trustedProxies } from './clientAddress.ts';
import { certificateOf } from './clientCertificate.ts';
import { ClientRanges } from './clientRanges.ts';
import { clientKeyOf, ClientTurns, type ClientKey } from './clientTurns.ts';
import { ConnectionErrors } from './connectionErrors.ts';
import { sendError } from './errorAnswer.ts';
import type { HandOver } from './handOver.ts';
import { addRoutes } from './registryRoutes.ts';
import { faultOfHead } from './requestHead.ts';
import { RequestTrace } from './requestTrace.ts';
import { serverLimits, type ServerLimits } from './serverLimits.ts';
import { tlsServerOptions, type TlsPair } from './tlsServer.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything else happens to the request. */
    trace: RequestTrace;
    /** See {@link clientAddress}. Set together with the trace. */
    clientAddress: string;
  }
}

/** Who may ask for how much, and who speaks for others. */
export interface NetworkOptions {
  /** Ranges of addresses that may ask for anything at all; empty: everybody. */
  readonly clients?: readonly string[];
  /** Ranges of addresses of proxies that are believed whom they ask for; empty: nobody is. */
  readonly trustedProxies?: readonly string[];
  /** What one client may have; without, any number of everything. */
  readonly limits?: ClientLimitsOptions;
  /** Tells clients apart for that; by default {@link clientKeyOf} does. */
  readonly clientKey?: ClientKey;
}

/** What the registry's server needs. */
export interface RegistryServerOptions {
  readonly mirror: Mirror;
  readonly admission: Admission;
  /** Hosts, such as `registry.example.com`, under which `/v2/` asks for a log-in even where none is needed. */
  readonly logInHosts?: readonly string[];
  readonly observer: RequestObserver;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
  /** What differs from {@link serverLimits}. */
  readonly limits?: Partial<ServerLimits>;
  /** Speaks TLS with it; without, plain HTTP. */
  readonly tls?: TlsPair | undefined;
  /** Leaves the sending of held blobs to an nginx before it. */
  readonly handOver?: HandOver | undefined;
  /** Without it everybody may ask for anything, and no proxy is believed. */
  readonly network?: NetworkOptions | undefined;
}

// No body is ever read: what announces one is refused by its head.
const bodyLimit = 1024;

/** The server of the registry API, not yet listening. */
export function createRegistryServer(options: RegistryServerOptions): FastifyInstance {
  const connectionErrors = new ConnectionErrors();
  const { network = {} } = options;
  const clients = new ClientRanges(network.clients ?? []);
  const begin = (request: FastifyRequest, reply: FastifyReply): void => {
    connectionErrors.begun(reply.raw);
    observe(options, request, reply);
    reply.header('docker-distribution-api-version', 'registry/2.0');
  };
  const app = fastify({
    ...serverOptions({ ...serverLimits, ...options.limits }, options.tls),
    trustProxy: trustedProxies(network.trustedProxies ?? []),
    clientErrorHandler: (error, socket) => connectionErrors.answer(error, socket),
    frameworkErrors: (error, request, reply) => {
      begin(request, reply);
      // No hook runs for these, and no look has been taken at a body that may follow.
      request.trace.headSent();
      const refusal = clients.refusalOf(request.clientAddress);
      void sendError(reply.header('connection', 'close'), refusal ?? error);
    },
  });
  app.decorateRequest('trace');
  app.decorateRequest('clientAddress', '');
  // Nothing that is answered here has a body: what comes with a push is refused unread.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply);
    const end = () => {
      // Looked for in every case: it also closes the connection where a body follows that is not read.
      const fault = faultOfHead(request, reply);
      done(clients.refusalOf(request.clientAddress) ?? certificateRefusal(request, reply) ?? fault);
    };
    if (reply.raw.socket === null) turnOf(request, reply).then(end, done);
    else end();
  });
  const turns = limitClients(app, options);
  app.addHook('onSend', (request, _reply, _payload, done) => {
    request.trace.headSent();
    done();
  });
  app.setErrorHandler((error, _request, reply) => sendError(reply, error));
  app.setNotFoundHandler((_request, reply) => sendError(reply, new RegistryError('NOT_FOUND')));
  const { mirror, admission, logInHosts = [], handOver } = options;
  addRoutes(app, { mirror, admission, logInHosts: new Set(logInHosts) }, handOver, turns);
  answerExpectations(app);
  // A connection's identity is that of its handshake, whatever becomes of it before its first request.
  app.server.on('secureConnection', (socket: TLSSocket) => void certificateOf(socket));
  return app;
}

function serverOptions(limits: ServerLimits, tls: TlsPair | undefined) {
  const { headersTimeout, requestTimeout, keepAliveTimeout, idleTimeout } = limits;
  const { checkInterval: connectionsCheckingInterval, maxHeaderSize } = limits;
  // Node would refuse a request without Host by itself, without an OCI error.
  const requireHostHeader = false;
  const http = { headersTimeout, maxHeaderSize, connectionsCheckingInterval, requireHostHeader };
  return {
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit,
    connectionTimeout: idleTimeout,
    requestTimeout,
    keepAliveTimeout,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http,
    https:
      tls === undefined
        ? null
        : { ...http, ...tlsServerOptions(tls), handshakeTimeout: headersTimeout },
  } as const;
}

/**
 * Node answers an `Expect` by itself: 100, which invites a body that would never be read, or 417
 * without an OCI error. Here such a request is one like others (RFC 9110 §10.1.1).
 */
function answerExpectations(app: FastifyInstance): void {
  for (const event of ['checkContinue', 'checkExpectation']) {
    app.server.on(event, (request, response) => app.routing(request, response));
  }
}

/**
 * Settles when the answers before it in the pipeline are out: a thousand requests that are sent at once
 * would each hold an open file and a buffer until then. Rejects when the connection ends before.
 */
async function turnOf({ raw }: FastifyRequest, { raw: response }: FastifyReply): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  response.once('socket', () => resolve());
  raw.once('close', () => reject(new Error('the connection ended before its turn')));
  await promise;
}

/**
 * A wrong certificate is told to its client on every route: it must not pass for none. The connection ends with
 * that, for its certificate can't be changed while it is open.
 */
function certificateRefusal(
  { raw }: FastifyRequest,
  reply: FastifyReply,
): RegistryError | undefined {
  const certificate = certificateOf(raw.socket);
  if (certificate?.kind !== 'refused') return undefined;
  reply.header('connection', 'close');
  const message = `your client certificate is not accepted: ${certificate.reason}`;
  return new RegistryError('DENIED', { message });
}

/** Has requests wait for their turn where there are limits, behind all that refuses them at once. */
function limitClients(
  app: FastifyInstance,
  { network = {}, admission, monotonicNow }: RegistryServerOptions,
): ClientTurns | undefined {
  const { limits } = network;
  if (limits === undefined) return undefined;
  const clientKey = network.clientKey ?? clientKeyOf(admission);
  const turns = new ClientTurns({ limits, clientKey, monotonicNow });
  if (limits.requestsPerSecond > 0) {
    app.addHook('onRequest', async (_request, reply) => turns.request(reply));
  }
  return turns;
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
  const client = clientAddress(request);
  request.clientAddress = client;
  response.once('close', () => {
    observer.finished(
      trace.finish({
        method: request.method,
        status: response.statusCode,
        path: pathOf(request.url),
        client,
        requestId: request.id,
        aborted: !response.writableFinished,
      }),
    );
  });
}

function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}
