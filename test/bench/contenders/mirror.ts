import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from '../../e2e/support/freePort.ts';
import { repositoryRoot } from '../../e2e/support/repository.ts';
import { startServer, type Server } from '../server.ts';
import type { Certificate } from './certificate.ts';

/** What differs from how it comes. */
export interface MirrorOptions {
  /** Has it speak TLS. */
  readonly certificate?: Certificate;
  /** Settings, by their keys in the configuration file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The checkout whose mirror it is; by default this one. */
  readonly checkout?: string | undefined;
}

/** A mirror with its ops endpoints. */
export interface MirrorServer extends Server {
  readonly opsUrl: string;
}

/**
 * Starts the mirror of a checkout as `npm start` does, with its data in `data` of a directory and the
 * registry at `upstreamUrl` for Docker Hub; else as it comes.
 */
export async function startMirror(
  directory: string,
  upstreamUrl: string,
  { certificate, settings, checkout = repositoryRoot }: MirrorOptions = {},
): Promise<MirrorServer> {
  const [port, opsPort] = await freePorts(2);
  const [address, opsAddress] = [`127.0.0.1:${port}`, `127.0.0.1:${opsPort}`];
  const configuration = join(directory, 'pullthrough.yaml');
  const all = {
    listen: address,
    ...(certificate === undefined ? {} : { tls: certificate }),
    ops: { listen: opsAddress },
    storage: { directory: join(directory, 'data') },
    upstreams: [{ host: 'docker.io', url: upstreamUrl }],
    ...settings,
  };
  await writeFile(configuration, stringify(all));
  const opsUrl = `http://${opsAddress}`;
  const server = await startServer({
    command: process.execPath,
    args: [join(checkout, 'src/main.ts'), '--config', configuration, 'serve'],
    environment: { NODE_COMPILE_CACHE: join(checkout, 'node_modules/.cache/compiled') },
    url: `${certificate === undefined ? 'http' : 'https'}://${address}`,
    readyUrl: `${opsUrl}/readyz`,
    logFile: join(directory, 'log'),
  });
  return { ...server, opsUrl };
}
