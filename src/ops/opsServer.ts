import type { ServerOptions } from 'node:https';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { apiRoutes, type ApiOptions } from './apiRoutes.ts';
import { BodyDeadlines } from './bodyDeadlines.ts';
import type { CacheReadings, Metrics } from './metrics.ts';
import { redactSecrets } from './redactSecrets.ts';
import { withinTime } from './withinTime.ts';

/** What the ops endpoints report on. */
export interface OpsServerOptions {
  readonly metrics: Metrics;
  /** Measures the cache; called at each scrape. */
  readonly readings: () => CacheReadings | Promise<CacheReadings>;
  /** Rejects when the store can't be read and written. */
  readonly ready: () => Promise<void>;
  /** Told of a failed reading or readiness check. */
  readonly logger?: Logger;
  /** How long a reading or a readiness check may take before it counts as failed; 5 s by default. */
  readonly patienceMs?: number;
  /** What `/api/v1/` works on; without it there is none. */
  readonly api?: Omit<ApiOptions, 'logger'>;
  /** Speaks TLS with these; without, plain HTTP. */
  readonly tls?: ServerOptions | undefined;
  /** Milliseconds that a request may take to come in, imports excepted; 10 s by default. */
  readonly requestTimeout?: number;
}

// Who asks here is a scraper and a prober: small requests, few connections, answers at once.
const defaultRequestTimeout = 10_000;
// Longer than the minute between two scrapes, so that a scraper keeps its connection.
const keepAliveTimeout = 75_000;
const maxHeaderSize = 8 * 1024;
const maxConnections = 64;
const defaultPatienceMs = 5_000;

/**
 * The server of `/metrics`, `/healthz`, `/readyz` and `/api/v1/`, not yet listening. An upstream that is
 * down makes nobody unready: a mirror is there for that moment.
 */
export function createOpsServer(options: OpsServerOptions): FastifyInstance {
  const { requestTimeout = defaultRequestTimeout, tls, api, logger } = options;
  const app = fastify(serverOptions(requestTimeout, tls));
  app.server.maxConnections = maxConnections;
  const deadlines = new BodyDeadlines(app.server, requestTimeout);
  app.addHook('onRequest', async ({ raw }) => deadlines.begin(raw));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }));
  app.get('/healthz', (_request, reply) => text(reply, 'ok\n'));
  app.get('/readyz', async (_request, reply) => sendReadiness(reply, options));
  app.get('/metrics', async (_request, reply) =>
    text(
      reply.type(options.metrics.contentType),
      await options.metrics.scrape(await measure(options)),
    ),
  );
  if (api !== undefined) {
    app.register(async (scope) => apiRoutes(scope, { ...api, logger }, deadlines), {
      prefix: '/api/v1',
    });
  }
  return app;
}

function serverOptions(requestTimeout: number, tls: ServerOptions | undefined) {
  const http = { headersTimeout: requestTimeout, maxHeaderSize };
  return {
    logger: false,
    bodyLimit: 1024,
    connectionTimeout: requestTimeout,
    // Kept by the deadlines of bodies, from which an import is excepted.
    requestTimeout: 0,
    keepAliveTimeout,
    http,
    https: tls === undefined ? null : { ...http, ...tls, handshakeTimeout: requestTimeout },
  } as const;
}

function text(reply: FastifyReply, body: string): FastifyReply {
  return reply.header('cache-control', 'no-store').send(body);
}

async function sendReadiness(
  reply: FastifyReply,
  options: OpsServerOptions,
): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store');
  try {
    await withinTime(options.ready(), options.patienceMs ?? defaultPatienceMs);
    return reply.send({ ready: true });
  } catch (error) {
    options.logger?.warn({ err: error }, 'the store failed its check');
    return reply.code(503).send({ ready: false, reason: reasonOf(error) });
  }
}

// A cache that can't be measured is when the other metrics are needed most.
async function measure(options: OpsServerOptions): Promise<CacheReadings | undefined> {
  const { readings, logger, patienceMs = defaultPatienceMs } = options;
  try {
    return await withinTime(Promise.resolve(readings()), patienceMs);
  } catch (error) {
    logger?.warn({ err: error }, 'the cache could not be measured');
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? redactSecrets(error.message) : 'the store failed';
}
