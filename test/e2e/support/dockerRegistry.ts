import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Bench } from './bench.ts';
import { writeHtpasswd } from './htpasswdFile.ts';
import { layoutReference, type Image } from './ociLayout.ts';
import { startProgram } from './program.ts';
import { runCommand } from './runCommand.ts';

/** A user of a registry that demands a log-in. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** A CNCF Distribution that holds what is pushed to it. */
export interface DockerRegistry {
  readonly url: string;
  /** Copies every platform of an image to `repository:tag`. */
  readonly push: (image: Image, name: string) => Promise<void>;
  readonly stop: () => Promise<unknown>;
}

/** Starts Debian's `docker-registry`: open to everybody, or with a `login` for that user alone (Basic challenge, bcrypt file). */
export async function startDockerRegistry(bench: Bench, login?: Login): Promise<DockerRegistry> {
  const configuration = join(bench.directory, 'registry.yml');
  await writeFile(configuration, stringify(await settings(bench, login)));
  const program = startProgram(bench, 'docker-registry', ['serve', configuration]);
  const [, address = ''] = await program.waitFor(/listening on (127\.0\.0\.1:\d+)/);
  const credentials =
    login === undefined ? [] : ['--dest-creds', `${login.username}:${login.password}`];
  return {
    url: `http://${address}`,
    async push(image, name) {
      const source = `oci:${image.directory}:${layoutReference}`;
      const flags = ['--insecure-policy', 'copy', '--all', '--dest-tls-verify=false'];
      const target = `docker://${address}/${name}`;
      await runCommand('skopeo', [...flags, ...credentials, source, target]);
    },
    stop: program.stop,
  };
}

async function settings(bench: Bench, login: Login | undefined): Promise<object> {
  return {
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(bench.directory, 'registry') } },
    http: { addr: '127.0.0.1:0' },
    ...(login === undefined ? {} : { auth: await htpasswd(bench, login) }),
  };
}

async function htpasswd(bench: Bench, login: Login): Promise<object> {
  const path = join(bench.directory, 'htpasswd');
  await writeHtpasswd(path, [login]);
  return { htpasswd: { realm: 'upstream', path } };
}
