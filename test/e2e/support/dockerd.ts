import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clientFile } from './clientFile.ts';
import type { ClientSetting, RunningClient } from './client.ts';
import type { Login } from './dockerRegistry.ts';
import { startProgram } from './program.ts';
import { runCommand } from './runCommand.ts';
import type { StorageDriver } from './storageDriver.ts';
import { unmountBelow } from './unmountBelow.ts';

/** A Docker daemon, and the `docker` command that talks to it. */
export interface Dockerd extends RunningClient {
  readonly docker: (...args: string[]) => Promise<string>;
  /** `docker login` at a registry, kept in a folder (`docker --config`), and resolves with what it said. */
  readonly logIn: (registry: string, login: Login, folder: string) => Promise<string>;
}

/** What a daemon may be told; the file of `config/clients` for plain HTTP and `vfs` when absent. */
export interface DockerdOptions {
  readonly storageDriver?: StorageDriver;
  /** The file of `config/clients` that it is started with. */
  readonly configuration?: 'dockerd/daemon.json' | 'dockerd/daemon-tls.json';
  /** A folder that it finds in the place of `/etc/docker`, with `certs.d`. */
  readonly etcDocker?: string;
}

/**
 * Starts a daemon that has nothing to do with the machine's own one: no bridge, no firewall rules,
 * its own directories, and a namespace of its own should it share a running containerd.
 */
export async function startDockerd(
  setting: ClientSetting,
  options: DockerdOptions = {},
): Promise<Dockerd> {
  const { storageDriver = 'vfs', configuration = 'dockerd/daemon.json', etcDocker } = options;
  const { bench, mirrorAddress, environment } = setting;
  const at = (name: string) => join(bench.directory, `dockerd-${name}`);
  const host = `unix://${at('socket')}`;
  await writeFile(at('daemon.json'), await clientFile(configuration, mirrorAddress));
  const flags = [
    ['--config-file', at('daemon.json'), '--host', host, '--pidfile', at('pid')],
    ['--data-root', at('data'), '--exec-root', at('exec')],
    ['--storage-driver', storageDriver, '--iptables=false', '--bridge=none'],
    ['--containerd-namespace', 'pullthrough-e2e'],
    ['--containerd-plugins-namespace', 'pullthrough-e2e-plugins'],
  ].flat();
  bench.onClose(async () => unmountBelow(bench.directory));
  const daemon = startProgram(bench, ...(await daemonCommand(flags, etcDocker)), { environment });
  await daemon.waitFor(/API listen on/);
  const docker = (...args: string[]) =>
    runCommand('docker', ['--host', host, ...args], { environment });
  return {
    docker,
    logIn: (registry, { username, password }, folder) => {
      const login = ['login', '--username', username, '--password-stdin', registry];
      const args = ['--host', host, '--config', folder, ...login];
      return runCommand('docker', args, { environment, input: password });
    },
    async pull(reference) {
      await docker('pull', reference);
    },
    async assertHolds(reference, image) {
      const found = await docker('image', 'inspect', '--format', '{{json .RootFS}}', reference);
      const { Layers } = JSON.parse(found) as { Layers: string[] };
      assert.deepEqual(
        Layers,
        image.layers.map((layer) => layer.diffId),
      );
    },
    async forget(reference) {
      await docker('rmi', '--force', reference);
      assert.equal(await docker('images', '--all', '--quiet'), '');
    },
    run: (reference, command) => docker('run', '--rm', '--network', 'none', reference, ...command),
  };
}

/** How the daemon is started: where it looks for certificates it can't be told, but it can be made to see something else there. */
async function daemonCommand(
  flags: readonly string[],
  etcDocker: string | undefined,
): Promise<readonly [string, readonly string[]]> {
  if (etcDocker === undefined) return ['dockerd', flags];
  // The daemon would make it too.
  await mkdir('/etc/docker', { recursive: true });
  const script = 'mount --bind "$0" /etc/docker && exec dockerd "$@"';
  return ['unshare', ['--mount', 'sh', '-c', script, etcDocker, ...flags]];
}
