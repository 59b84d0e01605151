import { cp, lstat, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bench } from './bench.ts';
import { shellEnvironment } from './checkoutCopy.ts';
import { writeOciLayout, type Image } from './ociLayout.ts';
import { runCommand } from './runCommand.ts';

const applets = ['sh', 'mkdir', 'chown', 'id', 'env', 'ln'];
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/**
 * A stand-in for the official `node` image, made of this machine's parts: the pinned Node with its
 * libraries, npm, busybox for a shell, the certificates that this machine trusts, and the user `node`.
 */
export async function nodeBaseImage(bench: Bench): Promise<Image> {
  const root = join(bench.directory, 'base-root');
  await addNode(root);
  await addShell(root);
  await addAccounts(root);
  await copyInto(root, certificates);
  const archive = join(bench.directory, 'base.tar');
  await runCommand('tar', ['--create', '--file', archive, '--directory', root, '.']);
  return writeOciLayout(
    join(bench.directory, 'base-layout'),
    [await readFile(archive)],
    [
      'PATH=/usr/local/bin:/usr/bin:/bin',
      `NODE_EXTRA_CA_CERTS=${certificates}`,
      `NPM_CONFIG_CAFILE=${certificates}`,
      `NPM_CONFIG_REGISTRY=${await npmRegistry()}`,
    ],
  );
}

async function addNode(root: string): Promise<void> {
  const libraries = (await runCommand('ldd', [process.execPath])).match(/\/\S+(?= \()/g) ?? [];
  for (const library of libraries) await copyInto(root, library);
  await copyInto(root, process.execPath, '/usr/local/bin/node');
  const npm = (
    await runCommand('npm', ['root', '--global'], { environment: shellEnvironment() })
  ).trim();
  await copyInto(root, join(npm, 'npm'), '/usr/local/lib/node_modules/npm');
  const npmProgram = '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n';
  await writeFile(join(root, 'usr/local/bin/npm'), npmProgram, { mode: 0o755 });
}

async function addShell(root: string): Promise<void> {
  for (const applet of applets) await copyInto(root, '/bin/busybox', `/bin/${applet}`);
  // Where the first line of a program looks for it.
  await copyInto(root, '/bin/busybox', '/usr/bin/env');
  await mkdir(join(root, 'tmp'), { mode: 0o777 });
}

async function addAccounts(root: string): Promise<void> {
  await mkdir(join(root, 'etc'), { recursive: true });
  await mkdir(join(root, 'root'));
  const users = ['root:x:0:0::/root:/bin/sh', 'node:x:1000:1000::/home/node:/bin/sh', ''];
  await writeFile(join(root, 'etc/passwd'), users.join('\n'));
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
}

/** Copies a file (what it links to) or folder of this machine to `target`, or to its own path, below `root`. */
async function copyInto(root: string, source: string, target = source): Promise<void> {
  const place = join(root, target);
  await mkdir(dirname(place), { recursive: true });
  const isLink = (await lstat(source)).isSymbolicLink();
  await cp(isLink ? await realpath(source) : source, place, { recursive: true });
}

async function npmRegistry(): Promise<string> {
  const flags = ['config', 'get', 'registry'];
  return (await runCommand('npm', flags, { environment: shellEnvironment() })).trim();
}
