import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Configuration, UpstreamConfiguration } from '../config/configuration.ts';
import { dockerHubAliases, dockerHubHost } from '../config/dockerHub.ts';
import { formatListenAddress, type ListenAddress } from '../config/listenAddress.ts';
import { createRegistryServer } from '../http/registryServer.ts';
import { Mirror } from '../mirror/mirror.ts';
import { MirroredUpstreams, type MirroredUpstream } from '../mirror/mirroredUpstream.ts';
import {
  createMirrorObserver,
  createRequestObserver,
  createUpstreamObserver,
} from '../ops/loggedObservers.ts';
import { createLogger } from '../ops/logger.ts';
import { Metrics } from '../ops/metrics.ts';
import { createOpsServer } from '../ops/opsServer.ts';
import { Store } from '../store/store.ts';
import { openUpstream } from '../upstream/openUpstream.ts';
import type { UpstreamAgents } from '../upstream/upstreamAgents.ts';
import type { UpstreamObserver } from '../upstream/upstreamObserver.ts';
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
  const logger = createLogger({
    level: configuration.log.level,
    format: logFormat(configuration.log.format),
  });
  const metrics = new Metrics({
    upstreams: configuration.upstreams.map(({ host, accounts }) => ({
      host,
      accounts: accountNames(configuration, accounts),
    })),
    version: programVersion(),
  });
  const store = await openStore(configuration, metrics, logger);
  const observer = createUpstreamObserver(metrics, logger);
  const opened = configuration.upstreams.map((upstream) =>
    openMirrored(upstream, configuration, environment, observer),
  );
  const mirror = new Mirror({
    store,
    upstreams: new MirroredUpstreams(
      opened.map(({ mirrored }) => mirrored),
      configuration.defaultUpstream,
    ),
    observer: createMirrorObserver(metrics, logger),
    privateAccess: configuration.access.private,
    offline: configuration.offline,
    now: Date.now,
    monotonicNow,
  });
  const registry = createRegistryServer({
    mirror,
    observer: createRequestObserver(metrics, logger),
    monotonicNow,
  });
  const ops = createOpsServer({
    metrics,
    readings: async () => ({
      fillsInFlight: mirror.fills.count,
      fillWaiters: mirror.fills.waiters,
      cacheBytes: store.blobs.bytes,
      cacheBlobs: store.blobs.count,
      cacheMaxBytes: configuration.storage.maxSize ?? 0,
      diskFreeBytes: await store.blobs.freeBytes(),
    }),
    ready: () => store.probe(),
    logger,
  });
  const stop = async (): Promise<void> => {
    logger.info('stopping: what is being sent is finished first');
    await closeServer(registry);
    await mirror.stop();
    await Promise.all(opened.flatMap(({ agents }) => agents.map((agent) => agent.destroy())));
    await closeServer(ops);
    await store.close();
    logger.info('stopped');
  };
  try {
    const address = await listen(registry, configuration.listen);
    const opsAddress = await listen(ops, configuration.ops.listen);
    logger.info({ address, opsAddress, store: configuration.storage.directory }, 'serving');
    return { address, opsAddress, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function monotonicNow(): number {
  return performance.now();
}

function logFormat(format: Configuration['log']['format']): 'json' | 'pretty' {
  if (format !== 'auto') return format;
  return process.stdout.isTTY ? 'pretty' : 'json';
}

/** Where private repositories are kept private, an anonymous client is asked for beside the accounts. */
function accountNames(
  { access }: Configuration,
  accounts: UpstreamConfiguration['accounts'],
): readonly string[] {
  const names = accounts.map(({ username }) => username);
  return names.length > 0 && access.private === 'deny' ? [...names, 'anonymous'] : names;
}

function openStore({ storage }: Configuration, metrics: Metrics, logger: Logger): Promise<Store> {
  return Store.open(storage.directory, {
    maxSize: storage.maxSize,
    minFree: storage.minFree,
    memory: storage.memory,
    now: Date.now,
    evicted: (size, reason) => metrics.evicted(size, reason),
    failed: (error) => logger.error({ err: error }, 'a blob could not be removed'),
  });
}

function openMirrored(
  { host, url, accounts, trustedHosts, tagFreshness, staleIfError }: UpstreamConfiguration,
  { access }: Configuration,
  environment: NodeJS.ProcessEnv,
  observer: UpstreamObserver,
): { mirrored: MirroredUpstream; agents: readonly UpstreamAgents[] } {
  const userAgent = `pullthrough/${programVersion()}`;
  const shared = { host, url, trustedHosts, userAgent, environment, observer, now: monotonicNow };
  const ours = openUpstream({
    ...shared,
    accounts: accounts.map(({ username, token }) => ({
      name: username,
      secret: () => token.reveal(),
    })),
  });
  const guarded = accounts.length > 0 && access.private === 'deny';
  const anonymous = guarded ? openUpstream({ ...shared, accounts: [] }) : undefined;
  const isDockerHub = host === dockerHubHost;
  return {
    mirrored: {
      upstream: ours.upstream,
      ...(anonymous === undefined ? {} : { anonymous: anonymous.upstream }),
      policy: { tagFreshness, staleIfError },
      aliases: isDockerHub ? dockerHubAliases : [],
      impliesLibrary: isDockerHub,
    },
    agents: [ours.agents, ...(anonymous === undefined ? [] : [anonymous.agents])],
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
