import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The Debian package of every program that the end-to-end tests start. */
export const debianPackages = {
  busybox: 'busybox-static',
  containerd: 'containerd',
  ctr: 'containerd',
  docker: 'docker.io',
  'docker-registry': 'docker-registry',
  dockerd: 'docker.io',
  htpasswd: 'apache2-utils',
  nginx: 'nginx-light',
  openssl: 'openssl',
  podman: 'podman',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  runc: 'runc',
  skopeo: 'skopeo',
  tmux: 'tmux',
} as const;

/** A program that a test needs. */
export type ProgramName = keyof typeof debianPackages;

/**
 * For a test's `skip`: `false` when all programs are there, else which is missing and how to install it.
 * With `root`, the test is skipped for other users too.
 */
export function unlessInstalled(names: readonly ProgramName[], root = false): string | false {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => debianPackages[name]))];
    return `missing: ${missing.join(', ')}; on Debian: apt-get install ${packages.join(' ')}`;
  }
  return root && process.getuid?.() !== 0 ? 'must be run as root' : false;
}

function isInstalled(name: string): boolean {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.some((directory) => isExecutable(join(directory, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
