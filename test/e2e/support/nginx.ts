import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { freePort } from './freePort.ts';
import type { Mirror } from './mirror.ts';
import { startProgram } from './program.ts';
import { repositoryRoot } from './repository.ts';
import { runCommand } from './runCommand.ts';
import { waitUntilReady } from './waitUntilReady.ts';

/** What {@link startNginx} makes of the mirror's settings: they name the location of the site file, and nginx. */
export const nginxSettings = {
  accelRedirect: '/internal-blobs',
  access: { trustedProxies: ['127.0.0.1'] },
};

/** An nginx before a mirror. */
export interface Nginx {
  /** `127.0.0.1:PORT`, as client configurations name it. */
  readonly address: string;
  readonly url: string;
  /** The lines of its access log so far, each as `METHOD URI STATUS BYTES ANSWERS`: one answer of the mirror, or two. */
  accesses(): Promise<readonly string[]>;
}

/**
 * Starts an nginx with the site file of `config/nginx`, in which nothing is changed but addresses and the
 * directory, after nginx itself found no fault with it. Its worker is no root.
 */
export async function startNginx(
  bench: Bench,
  mirror: Pick<Mirror, 'address' | 'directory'>,
): Promise<Nginx> {
  const directory = await mkdtemp(join(bench.directory, 'nginx-'));
  // They are closed to other users.
  for (const one of [bench.directory, directory]) await chmod(one, 0o755);
  const address = `127.0.0.1:${await freePort()}`;
  const log = join(directory, 'access.log');
  await writeFile(log, '');
  await writeFile(join(directory, 'site.conf'), await siteFile(address, mirror));
  const file = join(directory, 'nginx.conf');
  await writeFile(file, mainFile(directory, log));
  await runCommand('nginx', ['-t', '-c', file]);
  const program = startProgram(bench, 'nginx', ['-c', file, '-g', 'daemon off;']);
  await waitUntilReady(`http://${address}/v2/`, program.assertRunning);
  return {
    address,
    url: `http://${address}`,
    accesses: async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1),
  };
}

async function siteFile(
  address: string,
  mirror: Pick<Mirror, 'address' | 'directory'>,
): Promise<string> {
  let site = await readFile(join(repositoryRoot, 'config/nginx/pullthrough.conf'), 'utf8');
  const changes = [
    ['server 127.0.0.1:5000;', `server ${mirror.address};`],
    ['listen 80;', `listen ${address};`],
    ['/var/lib/pullthrough/', `${mirror.directory}/`],
  ] as const;
  for (const [from, to] of changes) {
    assert.ok(site.includes(from), from);
    site = site.replace(from, to);
  }
  return site;
}

function mainFile(directory: string, log: string): string {
  const user = process.getuid?.() === 0 ? 'user www-data;' : '';
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = kinds.map((kind) => `${kind}_temp_path ${join(directory, kind)};`);
  return `${user}
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log stderr info;
events {}
http {
  ${paths.join('\n  ')}
  log_format short '$request_method $request_uri $status $body_bytes_sent $upstream_status';
  access_log ${log} short;
  include ${join(directory, 'site.conf')};
}
`;
}
