import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Client, ClientSetting } from './client.ts';
import type { Login } from './dockerRegistry.ts';
import { writeRegistriesConf } from './registriesConf.ts';
import { runCommand } from './runCommand.ts';

/** The `podman` command. */
export interface Podman extends Client {
  readonly podman: (...args: string[]) => Promise<string>;
  /** `podman login` at a registry that speaks plain HTTP, and resolves with what it said. */
  readonly logIn: (registry: string, login: Login) => Promise<string>;
}

/** A podman with its own store. */
export async function preparePodman(setting: ClientSetting): Promise<Podman> {
  const environment = {
    ...setting.environment,
    CONTAINERS_REGISTRIES_CONF: await writeRegistriesConf(setting),
  };
  const at = (name: string) => join(setting.bench.directory, `podman-${name}`);
  const store = ['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp')];
  const flags = [...store, '--storage-driver', 'vfs'];
  const podman = (...args: string[]) => runCommand('podman', [...flags, ...args], { environment });
  return {
    podman,
    logIn: (registry, { username, password }) => {
      const login = ['login', '--tls-verify=false', '--username', username, '--password-stdin'];
      const args = [...flags, ...login, registry];
      return runCommand('podman', args, { environment, input: password });
    },
    async pull(reference) {
      await podman('pull', '--quiet', reference);
    },
    async assertHolds(reference, image) {
      const found = await podman('image', 'inspect', '--format', '{{json .RootFS}}', reference);
      const { Layers } = JSON.parse(found) as { Layers: string[] };
      assert.deepEqual(
        Layers,
        image.layers.map((layer) => layer.diffId),
      );
    },
    async forget(reference) {
      await podman('rmi', '--force', reference);
      assert.equal(await podman('images', '--all', '--quiet'), '');
    },
  };
}
