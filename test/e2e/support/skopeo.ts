import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { digestFrom, digestHex, type Digest } from '../../../src/registry/digest.ts';
import type { Client, ClientSetting } from './client.ts';
import { writeRegistriesConf } from './registriesConf.ts';
import { runCommand } from './runCommand.ts';

/** A skopeo that copies what it pulls into directories. */
export async function prepareSkopeo(setting: ClientSetting): Promise<Client> {
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
  };
}

async function fileDigest(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return digestFrom('sha256', hash);
}
