import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../e2e/support/freePort.ts';
import { repositoryRoot } from '../e2e/support/repository.ts';
import { startServer, type Server } from './server.ts';

/** Starts the mirror of this checkout with its data in a directory and the registry at `upstreamUrl` for Docker Hub; else as it comes. */
export async function startMirror(directory: string, upstreamUrl: string): Promise<Server> {
  const address = `127.0.0.1:${await freePort()}`;
  const opsAddress = `127.0.0.1:${await freePort()}`;
  const configuration = join(directory, 'pullthrough.yaml');
  const settings = {
    listen: address,
    ops: { listen: opsAddress },
    storage: { directory: join(directory, 'data') },
    upstreams: [{ host: 'docker.io', url: upstreamUrl }],
  };
  await writeFile(configuration, stringify(settings));
  return startServer({
    command: process.execPath,
    args: [join(repositoryRoot, 'src/main.ts'), '--config', configuration, 'serve'],
    url: `http://${address}`,
    readyUrl: `http://${opsAddress}/readyz`,
    logFile: join(directory, 'log'),
  });
}
