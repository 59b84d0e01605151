import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../e2e/support/freePort.ts';
import { startServer, type Server } from '../server.ts';

/** Starts Debian's `docker-registry` with its data in `data` of a directory: a registry to push to or, with the address of another, a proxy before that. */
export async function startDockerRegistry(directory: string, proxiedUrl?: string): Promise<Server> {
  const address = `127.0.0.1:${await freePort()}`;
  const configuration = join(directory, 'registry.yml');
  const settings = {
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: address },
    ...(proxiedUrl === undefined ? {} : { proxy: { remoteurl: proxiedUrl } }),
  };
  await writeFile(configuration, stringify(settings));
  return startServer({
    command: 'docker-registry',
    args: ['serve', configuration],
    url: `http://${address}`,
    readyUrl: `http://${address}/v2/`,
    logFile: join(directory, 'log'),
  });
}
