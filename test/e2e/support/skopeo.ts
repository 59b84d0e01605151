import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { digestFrom, digestHex, type Digest } from '../../../src/registry/digest.ts';
import type { ClientSetting, RunningClient } from './client.ts';
import { writeRegistriesConf } from './registriesConf.ts';
import { runCommand } from './runCommand.ts';

/** A skopeo that copies what it pulls into directories, and runs it there as its layers unpacked. */
export async function prepareSkopeo(setting: ClientSetting): Promise<RunningClient> {
  const { bench, environment } = setting;
  const configuration = await writeRegistriesConf(setting);
  const place = (reference: string) =>
    join(bench.directory, `skopeo-${reference.replaceAll(/[/:@]/g, '-')}`);
  return {
    async pull(reference) {
      const target = `dir:${place(reference)}`;
      const flags = ['--insecure-policy', '--registries-conf', configuration];
      await runCommand('skopeo', [...flags, 'copy', `docker://${reference}`, target], {
        environment,
      });
    },
    async assertHolds(reference, image) {
      for (const { digest } of image.layers)
        assert.equal(await fileDigest(join(place(reference), digestHex(digest))), digest);
    },
    async forget(reference) {
      await rm(place(reference), { recursive: true });
    },
    async run(reference, [command = '', ...args]) {
      const root = await unpack(place(reference));
      return runCommand(command, args, {
        directory: root,
        environment: { PATH: join(root, 'bin') },
      });
    },
  };
}

/** Unpacks the layers of a copied image over one another, and resolves with the folder. */
async function unpack(copy: string): Promise<string> {
  const root = join(copy, 'root');
  await mkdir(root);
  const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')) as Manifest;
  for (const { digest } of manifest.layers) {
    const archive = join(copy, digestHex(digest));
    await runCommand('tar', ['--extract', '--gzip', '--file', archive, '--directory', root]);
  }
  return root;
}

interface Manifest {
  readonly layers: readonly { readonly digest: Digest }[];
}

async function fileDigest(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return digestFrom('sha256', hash);
}
