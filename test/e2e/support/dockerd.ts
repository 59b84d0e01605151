import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clientFile } from './clientFile.ts';
import type { ClientSetting, RunningClient } from './client.ts';
import { startProgram } from './program.ts';
import { runCommand } from './runCommand.ts';
import type { StorageDriver } from './storageDriver.ts';
import { unmountBelow } from './unmountBelow.ts';

/** A Docker daemon, and the `docker` command that talks to it. */
export interface Dockerd extends RunningClient {
  readonly docker: (...args: string[]) => Promise<string>;
}

/**
 * Starts a daemon that has nothing to do with the machine's own one: no bridge, no firewall rules,
 * its own directories, and a namespace of its own should it share a running containerd.
 */
export async function startDockerd(
  setting: ClientSetting,
  storageDriver: StorageDriver = 'vfs',
): Promise<Dockerd> {
  const { bench, mirrorAddress, environment } = setting;
  const at = (name: string) => join(bench.directory, `dockerd-${name}`);
  const host = `unix://${at('socket')}`;
  await writeFile(at('daemon.json'), await clientFile('dockerd/daemon.json', mirrorAddress));
  const flags = [
    ['--config-file', at('daemon.json'), '--host', host, '--pidfile', at('pid')],
    ['--data-root', at('data'), '--exec-root', at('exec')],
    ['--storage-driver', storageDriver, '--iptables=false', '--bridge=none'],
    ['--containerd-namespace', 'pullthrough-e2e'],
    ['--containerd-plugins-namespace', 'pullthrough-e2e-plugins'],
  ].flat();
  bench.onClose(async () => unmountBelow(bench.directory));
  const daemon = startProgram(bench, 'dockerd', flags, { environment });
  await daemon.waitFor(/API listen on/);
  const docker = (...args: string[]) =>
    runCommand('docker', ['--host', host, ...args], { environment });
  return {
    docker,
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
