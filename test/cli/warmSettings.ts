import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { TestUpstream } from '../support/testMirror.ts';

/** Writes the configuration of a store of its own before an upstream, and gives its path. */
export async function writeSettings(
  directory: string,
  { registryUrl, tokenUrl, cdnUrl }: TestUpstream,
): Promise<string> {
  const trustedHosts = [tokenUrl, cdnUrl].flatMap((url) => (url ? [new URL(url).host] : []));
  const path = join(directory, 'pullthrough.yaml');
  const settings = {
    // Nobody listens there, so that no other mirror of this machine is asked.
    ops: { listen: '127.0.0.1:1' },
    storage: { directory: join(directory, 'data'), minFree: '0' },
    upstreams: [{ host: 'docker.io', url: registryUrl, trustedHosts }],
  };
  await writeFile(path, stringify(settings));
  return path;
}
