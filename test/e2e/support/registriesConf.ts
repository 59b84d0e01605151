import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clientFile } from './clientFile.ts';
import type { ClientSetting } from './client.ts';

/** Writes the registries.conf that podman and skopeo share, and resolves with its path. */
export async function writeRegistriesConf(setting: ClientSetting): Promise<string> {
  const path = join(setting.bench.directory, 'registries.conf');
  await writeFile(path, await clientFile('podman/registries.conf', setting.mirrorAddress));
  return path;
}
