import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import type { ClientSetting } from './client.ts';
import type { Mirror } from './mirror.ts';
import type { Outside } from './outside.ts';

/** Where a client of this mirror works: without the log-ins and settings of whoever runs the tests, and with no way out. */
export async function clientSetting(
  bench: Bench,
  mirror: Mirror,
  outside: Outside,
): Promise<ClientSetting> {
  const home = join(bench.directory, 'home');
  const authFile = join(home, 'auth.json');
  await mkdir(home);
  await writeFile(authFile, '{}');
  const environment = {
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    HOME: home,
    DOCKER_CONFIG: join(home, '.docker'),
    REGISTRY_AUTH_FILE: authFile,
    ...outside.environment,
  };
  return { bench, mirrorAddress: mirror.address, environment };
}
