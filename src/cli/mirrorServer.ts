import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import type { ConfigurationWarning } from '../config/configurationWarning.ts';
import { formatListenAddress, type ListenAddress } from '../config/listenAddress.ts';
import { createRequestObserver } from '../ops/loggedObservers.ts';
import { createLogger, standardOutput } from '../ops/logger.ts';
import { RequestLog } from '../ops/requestLog.ts';
import { createBackgroundWork, type BackgroundWork } from './backgroundWork.ts';
import type { TlsSettings } from './certificate.ts';
import { openOpsServer } from './openOpsServer.ts';
import { openRegistryServer } from './openRegistryServer.ts';
import { createMetrics, openMirror, type OpenedMirror } from './openMirror.ts';

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
  const opened = await openMirror(configuration, environment, { logger, metrics });
  const { mirror } = opened;
  const background = createBackgroundWork(configuration, opened, { logger, metrics });
  const observer = createRequestObserver(metrics, requestLog);
  const [registry, ops] = await Promise.all([
    openRegistryServer(configuration, { mirror, observer, logger }),
    openOpsServer(configuration, { opened, background, metrics, logger }),
  ]).catch(async (error: unknown) => {
    await opened.stop();
    await opened.close();
    throw error;
  });
  const renewals = [...registry.renewals, ...ops.renewals];
  const close = (): Promise<void> => {
    for (const renewal of renewals) renewal.stop();
    return closeAll(registry.server, ops.server, opened, background);
  };
  try {
    await background.start();
    const address = await listen(registry.server, configuration.listen);
    const opsAddress = await listen(ops.server, configuration.ops.listen);
    for (const renewal of renewals) renewal.start();
    const { directory } = configuration.storage;
    const secured = { tls: speaksTls(configuration.tls), opsTls: speaksTls(configuration.ops.tls) };
    logger.info({ address, opsAddress, ...secured, store: directory }, 'serving');
    return { address, opsAddress, stop: () => stopLogged(close, logger) };
  } catch (error) {
    await close();
    throw error;
  }
}

function speaksTls({ certificateFile }: TlsSettings): boolean {
  return certificateFile !== undefined;
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
