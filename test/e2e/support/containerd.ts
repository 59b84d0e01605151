import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clientFile } from './clientFile.ts';
import type { ClientSetting, RunningClient } from './client.ts';
import { startProgram } from './program.ts';
import { runCommand } from './runCommand.ts';
import { unmountBelow } from './unmountBelow.ts';

/** A containerd, and the `ctr` command that talks to it. */
export interface Containerd extends RunningClient {
  readonly ctr: (...args: string[]) => Promise<string>;
}

/**
 * Starts a containerd with its own root, state and socket, used through `ctr images pull --hosts-dir`. `hostsFile`
 * is the text of the hosts.toml for docker.io; that of `config/clients` when absent.
 */
export async function startContainerd(
  setting: ClientSetting,
  hostsFile?: string,
): Promise<Containerd> {
  const { bench, environment } = setting;
  const configuration = join(bench.directory, 'containerd.toml');
  const address = join(bench.directory, 'containerd.sock');
  await writeFile(configuration, settings(bench.directory, address));
  const hosts = await writeHosts(setting, hostsFile);
  bench.onClose(async () => unmountBelow(bench.directory));
  const daemon = startProgram(bench, 'containerd', ['--config', configuration], { environment });
  await daemon.waitFor(/containerd successfully booted/);
  const ctr = (...args: string[]) =>
    runCommand('ctr', ['--address', address, ...args], { environment });
  return {
    ctr,
    async pull(reference) {
      await ctr('images', 'pull', '--hosts-dir', hosts, '--snapshotter', 'native', reference);
    },
    async assertHolds(reference, image) {
      assert.match(await ctr('images', 'list', '--quiet'), new RegExp(`^${reference}$`, 'm'));
      const held = new Set((await ctr('content', 'list', '--quiet')).split('\n'));
      for (const { digest } of image.layers) assert.ok(held.has(digest), `${digest} is missing`);
    },
    async forget(reference) {
      await ctr('images', 'remove', '--sync', reference);
      assert.equal(await ctr('content', 'list', '--quiet'), '');
    },
    run: (reference, command) =>
      ctr('run', '--rm', '--snapshotter', 'native', reference, 'trial', ...command),
  };
}

function settings(directory: string, address: string): string {
  return [
    'version = 2',
    `root = ${JSON.stringify(join(directory, 'containerd-root'))}`,
    `state = ${JSON.stringify(join(directory, 'containerd-state'))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `address = ${JSON.stringify(address)}`,
    '[ttrpc]',
    `address = ${JSON.stringify(`${address}.ttrpc`)}`,
    '',
  ].join('\n');
}

async function writeHosts(
  { bench, mirrorAddress }: ClientSetting,
  hostsFile?: string,
): Promise<string> {
  const hosts = join(bench.directory, 'certs.d');
  await mkdir(join(hosts, 'docker.io'), { recursive: true });
  const text = hostsFile ?? (await clientFile('containerd/hosts.toml', mirrorAddress));
  await writeFile(join(hosts, 'docker.io/hosts.toml'), text);
  return hosts;
}
