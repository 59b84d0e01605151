import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { dockerHubHost } from '../config/dockerHub.ts';
import { Mirror } from '../mirror/mirror.ts';
import {
  createMirrorObserver,
  createUpstreamObserver,
  createVerificationObserver,
} from '../ops/loggedObservers.ts';
import { createLogger } from '../ops/logger.ts';
import { Metrics } from '../ops/metrics.ts';
import { createStoreFailures, type StoreFailures } from '../ops/storeFailures.ts';
import { Store } from '../store/store.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { buildUpkeep, type UpkeepParts } from './buildUpkeep.ts';
import { accountNames, openUpstreams, type OpenedUpstreams } from './openUpstreams.ts';
import { programVersion } from './version.ts';

/** Who is told of what a mirror does. */
export interface MirrorReports {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A mirror with its store, and nobody whom it serves. */
export interface OpenedMirror {
  readonly store: Store;
  readonly mirror: Mirror;
  /** What an operator does to it, and what it does to itself. */
  readonly parts: UpkeepParts;
  readonly failures: StoreFailures;
  /** Ends transfers and whatever else is under way. */
  stop(): Promise<void>;
  /** Lets go of the store, after a stop. */
  close(): Promise<void>;
}

/** Builds the parts of a mirror. Asks no upstream, and does nothing by itself. */
export async function openMirror(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
  { logger, metrics }: MirrorReports,
): Promise<OpenedMirror> {
  const observer = createUpstreamObserver(metrics, logger);
  const upstreams = openUpstreams(configuration, environment, observer, monotonicNow);
  const failures = createStoreFailures(logger, monotonicNow);
  const { access } = configuration;
  const store = await openStore(configuration, metrics, failures);
  const mirror = new Mirror({
    store,
    upstreams: upstreams.upstreams,
    observer: createMirrorObserver(metrics, logger, failures),
    privateAccess: access.private,
    namespaces: access.namespaces,
    visibilityFreshness: access.visibilityFreshness,
    offline: configuration.offline,
    now: Date.now,
    monotonicNow,
  });
  const verificationObserver = createVerificationObserver(metrics, logger);
  const ground = { configuration, store, mirror, failures, verificationObserver, monotonicNow };
  const parts = buildUpkeep(ground);
  return {
    store,
    mirror,
    parts,
    failures,
    stop: () => stopWork(mirror, upstreams),
    close: async () => {
      await parts.verifier.idle(new AbortController().signal);
      await store.close();
    },
  };
}

/** The upkeep of a store, for a command that has it to itself; says nothing, but for what it does. */
export async function openMirrorForCommand(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly upkeep: Upkeep; readonly close: () => Promise<void> }> {
  const logger = createLogger({ level: 'silent', format: 'json' });
  const metrics = createMetrics(configuration);
  const opened = await openMirror(configuration, environment, { logger, metrics });
  // What a command fetches may displace something.
  await opened.parts.pins.refresh();
  return {
    upkeep: opened.parts.upkeep,
    close: async () => {
      await opened.stop();
      await opened.close();
    },
  };
}

/** Milliseconds of a clock that only goes forward. */
export function monotonicNow(): number {
  return performance.now();
}

/** The metrics of a mirror that is set up like this. */
export function createMetrics(configuration: Configuration): Metrics {
  const upstreams = configuration.upstreams.map((upstream) => ({
    host: upstream.host,
    accounts: accountNames(upstream, configuration),
  }));
  const exporters = configuration.metrics.exporterNames ? { exporterNamesFor: dockerHubHost } : {};
  return new Metrics({ upstreams, version: programVersion(), ...exporters });
}

async function stopWork(mirror: Mirror, upstreams: OpenedUpstreams): Promise<void> {
  await mirror.stop();
  await upstreams.destroy();
}

function openStore(
  { storage }: Configuration,
  metrics: Metrics,
  failures: StoreFailures,
): Promise<Store> {
  const { directory, maxSize, minFree, memory, highWater, lowWater } = storage;
  return Store.open(directory, {
    maxSize,
    minFree,
    waterMarks: { high: highWater, low: lowWater },
    memory,
    now: Date.now,
    evicted: (size, reason) => metrics.evicted(size, reason),
    failed: (error) => failures.report(error),
  });
}
