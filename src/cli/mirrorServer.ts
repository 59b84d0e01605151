import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import type { ConfigurationWarning } from '../config/configurationWarning.ts';
import { formatListenAddress, type ListenAddress } from '../config/listenAddress.ts';
import { HandOver } from '../http/handOver.ts';
import { createRegistryServer } from '../http/registryServer.ts';
import { tlsServerOptions } from '../http/tlsServer.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { StoreMark } from '../ops/apiRoutes.ts';
import { ApiToken } from '../ops/apiToken.ts';
import { createRequestObserver } from '../ops/loggedObservers.ts';
import { createLogger, standardOutput } from '../ops/logger.ts';
import type { CacheReadings } from '../ops/metrics.ts';
import { createOpsServer } from '../ops/opsServer.ts';
import { RequestLog } from '../ops/requestLog.ts';
import type { Store } from '../store/store.ts';
import { createBackgroundWork, type BackgroundWork } from './backgroundWork.ts';
import { readCertificate, renewCertificate } from './certificate.ts';
import { openAdmission } from './openAdmission.ts';
import { createMetrics, monotonicNow, openMirror, type OpenedMirror } from './openMirror.ts';
import { storeIdentity } from './storeIdentity.ts';
import { programVersion } from './version.ts';

/** A mirror that serves. */
export interface RunningMirror {
  /** Where registry clients are served, as `host:port`; over TLS if the settings name a certificate. */
  readonly address: string;
  /** Where the ops endpoints are served, as `host:port`; over TLS if the settings name a certificate. */
  readonly opsAddress: string;
  /** Ends it: finishes what is being sent and lets go of every resource. */
  stop(): Promise<void>;
}

// How often connections that became idle during a stop are closed, in milliseconds.
const idleSweep = 50;

/**
 * Builds the mirror's parts and starts its servers. Asks no upstream: it starts while they are away.
 *
 * @param warnings about the configuration, which are logged
 */
export async function startMirror(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
  warnings: readonly ConfigurationWarning[] = [],
): Promise<RunningMirror> {
  const { logger, requestLog } = openLogs(configuration);
  for (const { key, message, advice } of warnings) logger.warn({ setting: key, advice }, message);
  const metrics = createMetrics(configuration);
  const tls = await readCertificate(configuration.tls, 'tls');
  const opsTls = await readCertificate(configuration.ops.tls, 'ops.tls');
  const opened = await openMirror(configuration, environment, { logger, metrics });
  const { mirror, store } = opened;
  const background = createBackgroundWork(configuration, opened, { logger, metrics });
  const requests = createRequestObserver(metrics, requestLog);
  const { accelRedirect } = configuration;
  const handOver = accelRedirect === undefined ? undefined : new HandOver(accelRedirect);
  const admission = openAdmission(configuration, mirror.visibility);
  const { logInHosts } = configuration.access;
  const who = { admission, logInHosts };
  const served = { mirror, ...who, observer: requests, monotonicNow, tls, handOver };
  const registry = createRegistryServer(served);
  const readings = (): Promise<CacheReadings> =>
    readCache(mirror, store, background, configuration);
  const ops = createOpsServer({
    metrics,
    readings,
    ready: () => store.probe(),
    logger,
    tls: opsTls && tlsServerOptions(opsTls),
    api: {
      upkeep: opened.parts.upkeep,
      store: await markOf(configuration),
      token: tokenOf(configuration),
    },
  });
  const renewals = [
    tls && renewCertificate(registry.server, tls, configuration.tls, 'tls', logger),
    opsTls && renewCertificate(ops.server, opsTls, configuration.ops.tls, 'ops.tls', logger),
  ];
  const close = (): Promise<void> => {
    for (const renewal of renewals) renewal?.stop();
    return closeAll(registry, ops, opened, background);
  };
  try {
    await background.start();
    const address = await listen(registry, configuration.listen);
    const opsAddress = await listen(ops, configuration.ops.listen);
    for (const renewal of renewals) renewal?.start();
    const { directory } = configuration.storage;
    const secured = { tls: tls !== undefined, opsTls: opsTls !== undefined };
    logger.info({ address, opsAddress, ...secured, store: directory }, 'serving');
    return { address, opsAddress, stop: () => stopLogged(close, logger) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function stopLogged(close: () => Promise<void>, logger: Logger): Promise<void> {
  logger.info('stopping: what is being sent is finished first');
  await close();
  logger.info('stopped');
}

function openLogs({ log }: Configuration): { logger: Logger; requestLog: RequestLog } {
  const onTerminal = process.stdout.isTTY ? 'pretty' : 'json';
  const format = log.format === 'auto' ? onTerminal : log.format;
  const destination = standardOutput();
  const logger = createLogger({ level: log.level, format, destination });
  const requestLog = new RequestLog(logger, format === 'json' ? destination : undefined);
  return { logger, requestLog };
}

async function closeAll(
  registry: FastifyInstance,
  ops: FastifyInstance,
  opened: OpenedMirror,
  background: BackgroundWork,
): Promise<void> {
  const ended = background.stop();
  await closeServer(registry);
  await opened.stop();
  await ended;
  await closeServer(ops);
  await opened.close();
}

async function markOf({ storage }: Configuration): Promise<StoreMark> {
  return {
    version: programVersion(),
    directory: resolve(storage.directory),
    identity: (await storeIdentity(storage.directory)) ?? '',
  };
}

function tokenOf({ ops }: Configuration): ApiToken | undefined {
  return ops.token === undefined ? undefined : new ApiToken(ops.token.reveal());
}

async function readCache(
  { fills }: Mirror,
  { blobs }: Store,
  { scrub }: BackgroundWork,
  { storage }: Configuration,
): Promise<CacheReadings> {
  const { incoming, partial, quarantined, pinned } = blobs.usage;
  return {
    fillsInFlight: fills.count,
    fillWaiters: fills.waiters,
    cacheBytes: blobs.bytes,
    cacheBlobs: blobs.count,
    cacheMaxBytes: storage.maxSize ?? 0,
    // A disk that can't be asked takes nothing else from a dashboard.
    diskFreeBytes: await blobs.freeBytes().catch(() => Number.NaN),
    incomingBytes: incoming.bytes + partial.bytes,
    quarantinedBytes: quarantined.bytes,
    pinnedBytes: pinned.bytes,
    scrubProgress: scrub?.progress ?? 0,
    scrubCompletedAt: scrub?.lastCompletedAt,
  };
}

async function listen(server: FastifyInstance, address: ListenAddress): Promise<string> {
  await server.listen(address);
  const bound = server.server.address();
  if (bound === null || typeof bound === 'string') return formatListenAddress(address);
  return formatListenAddress({ host: address.host, port: bound.port });
}

/**
 * Closes a server when its last answer is out. Node closes the connections that are idle at that
 * moment; those that become idle later would stay until their keep-alive ends.
 */
async function closeServer(server: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => server.server.closeIdleConnections(), idleSweep);
  try {
    await server.close();
  } finally {
    clearInterval(sweep);
  }
}
