import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../e2e/support/freePort.ts';
import { repositoryRoot } from '../e2e/support/repository.ts';
import { cpuSeconds } from './processUsage.ts';
import { startServer, type Server } from './server.ts';

/** A mirror on a large store. */
export interface LargeStoreMirror extends Server {
  readonly opsUrl: string;
  /** Seconds from the start of its process until it was ready to serve. */
  readonly startSeconds: number;
  /** Seconds of CPU time that it took for that, which other work on the machine makes no longer. */
  readonly startCpuSeconds: number;
}

/** How it is set up. */
export interface LargeStoreMirrorOptions {
  /** Where its configuration, its log and, below `data`, its store are. */
  readonly directory: string;
  readonly upstreamUrl: string;
  /** Hosts beside it that it may be sent to. */
  readonly trustedHosts: readonly string[];
  /** Bytes; by default any number. */
  readonly maxSize?: number;
}

/** Starts the program on a store. */
export async function startLargeStoreMirror(
  options: LargeStoreMirrorOptions,
): Promise<LargeStoreMirror> {
  const { directory, upstreamUrl: url, trustedHosts, maxSize } = options;
  const address = `127.0.0.1:${await freePort()}`;
  const opsAddress = `127.0.0.1:${await freePort()}`;
  const configuration = join(directory, 'pullthrough.yaml');
  const bounds = maxSize === undefined ? {} : { maxSize: `${maxSize}` };
  const storage = {
    directory: join(directory, 'data'),
    minFree: '0',
    highWater: '100%',
    lowWater: '100%',
    ...bounds,
  };
  const settings = {
    listen: address,
    ops: { listen: opsAddress },
    log: { level: 'warn' },
    storage,
    // The upstream knows nothing of what was made.
    upstreams: [{ host: 'docker.io', url, trustedHosts, tagFreshness: '1d' }],
  };
  await writeFile(configuration, stringify(settings));
  const opsUrl = `http://${opsAddress}`;
  const begun = performance.now();
  const server = await startServer({
    command: process.execPath,
    args: [join(repositoryRoot, 'src/main.ts'), '--config', configuration, 'serve'],
    url: `http://${address}`,
    readyUrl: `${opsUrl}/readyz`,
    logFile: join(directory, 'log'),
  });
  const startSeconds = (performance.now() - begun) / 1000;
  const startCpuSeconds = await cpuSeconds(server.pid);
  return Object.assign(server, { opsUrl, startSeconds, startCpuSeconds });
}
