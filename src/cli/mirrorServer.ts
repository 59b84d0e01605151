import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { dockerHubHost } from '../config/dockerHub.ts';
import { formatListenAddress, type ListenAddress } from '../config/listenAddress.ts';
import { createRegistryServer } from '../http/registryServer.ts';
import { Mirror } from '../mirror/mirror.ts';
import {
  createMirrorObserver,
  createRequestObserver,
  createUpstreamObserver,
} from '../ops/loggedObservers.ts';
import { createLogger } from '../ops/logger.ts';
import { Metrics, type CacheReadings } from '../ops/metrics.ts';
import { createOpsServer } from '../ops/opsServer.ts';
import { createStoreFailures, type StoreFailures } from '../ops/storeFailures.ts';
import { Store } from '../store/store.ts';
import { accountNames, openUpstreams } from './openUpstreams.ts';
import { programVersion } from './version.ts';

/** A mirror that serves. */
export interface RunningMirror {
  /** Where registry clients are served, as `host:port`. */
  readonly address: string;
  /** Where the ops endpoints are served, as `host:port`. */
  readonly opsAddress: string;
  /** Ends it: finishes what is being sent and lets go of every resource. */
  stop(): Promise<void>;
}

// How often connections that became idle during a stop are closed, in milliseconds.
const idleSweep = 50;

/** Builds the mirror's parts and starts its servers. Asks no upstream: it starts while they are away. */
export async function startMirror(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
): Promise<RunningMirror> {
  const logger = openLogger(configuration);
  const metrics = createMetrics(configuration);
  const observer = createUpstreamObserver(metrics, logger);
  const opened = openUpstreams(configuration, environment, observer, monotonicNow);
  const failures = createStoreFailures(logger, monotonicNow);
  const store = await openStore(configuration, metrics, failures);
  const mirror = new Mirror({
    store,
    upstreams: opened.upstreams,
    observer: createMirrorObserver(metrics, logger, failures),
    privateAccess: configuration.access.private,
    offline: configuration.offline,
    now: Date.now,
    monotonicNow,
  });
  const requests = createRequestObserver(metrics, logger);
  const registry = createRegistryServer({ mirror, observer: requests, monotonicNow });
  const readings = (): Promise<CacheReadings> => readCache(mirror, store, configuration);
  const ops = createOpsServer({ metrics, readings, ready: () => store.probe(), logger });
  const close = async (): Promise<void> => {
    await closeServer(registry);
    await mirror.stop();
    await opened.destroy();
    await closeServer(ops);
    await store.close();
  };
  try {
    const address = await listen(registry, configuration.listen);
    const opsAddress = await listen(ops, configuration.ops.listen);
    logger.info({ address, opsAddress, store: configuration.storage.directory }, 'serving');
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

function monotonicNow(): number {
  return performance.now();
}

function openLogger({ log: { level, format } }: Configuration): Logger {
  const onTerminal = process.stdout.isTTY ? 'pretty' : 'json';
  return createLogger({ level, format: format === 'auto' ? onTerminal : format });
}

function createMetrics(configuration: Configuration): Metrics {
  const upstreams = configuration.upstreams.map((upstream) => ({
    host: upstream.host,
    accounts: accountNames(upstream, configuration),
  }));
  const exporters = configuration.metrics.exporterNames ? { exporterNamesFor: dockerHubHost } : {};
  return new Metrics({ upstreams, version: programVersion(), ...exporters });
}

function openStore(
  { storage }: Configuration,
  metrics: Metrics,
  failures: StoreFailures,
): Promise<Store> {
  const { directory, maxSize, minFree, memory } = storage;
  return Store.open(directory, {
    maxSize,
    minFree,
    memory,
    now: Date.now,
    evicted: (size, reason) => metrics.evicted(size, reason),
    failed: (error) => failures.report(error),
  });
}

async function readCache(
  { fills }: Mirror,
  { blobs }: Store,
  { storage }: Configuration,
): Promise<CacheReadings> {
  return {
    fillsInFlight: fills.count,
    fillWaiters: fills.waiters,
    cacheBytes: blobs.bytes,
    cacheBlobs: blobs.count,
    cacheMaxBytes: storage.maxSize ?? 0,
    // A disk that can't be asked takes nothing else from a dashboard.
    diskFreeBytes: await blobs.freeBytes().catch(() => Number.NaN),
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
