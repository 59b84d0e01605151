import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { tlsServerOptions } from '../http/tlsServer.ts';
import type { StoreMark } from '../ops/apiRoutes.ts';
import { ApiToken } from '../ops/apiToken.ts';
import type { CacheReadings, Metrics } from '../ops/metrics.ts';
import { createOpsServer } from '../ops/opsServer.ts';
import type { BackgroundWork } from './backgroundWork.ts';
import { readCertificate, renewCertificate } from './certificate.ts';
import type { OpenedServer } from './openedServer.ts';
import type { OpenedMirror } from './openMirror.ts';
import { storeIdentity } from './storeIdentity.ts';
import { programVersion } from './version.ts';

/** What the ops endpoints report on. */
export interface OpsServing {
  readonly opened: OpenedMirror;
  readonly background: BackgroundWork;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Puts the server of the ops endpoints together. */
export async function openOpsServer(
  configuration: Configuration,
  { opened, background, metrics, logger }: OpsServing,
): Promise<OpenedServer> {
  const settings = configuration.ops.tls;
  const tls = await readCertificate(settings, 'ops.tls');
  const server = createOpsServer({
    metrics,
    readings: () => readCache(opened, background, configuration),
    ready: () => opened.store.probe(),
    logger,
    tls: tls && tlsServerOptions(tls),
    api: {
      upkeep: opened.parts.upkeep,
      store: await markOf(configuration),
      token: tokenOf(configuration),
    },
  });
  const renewal = tls && renewCertificate(server.server, tls, settings, 'ops.tls', logger);
  return { server, renewals: renewal === undefined ? [] : [renewal] };
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
  { mirror: { fills }, store: { blobs } }: OpenedMirror,
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
