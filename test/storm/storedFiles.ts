import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StoreLayout } from '../../src/store/storeLayout.ts';

/** Hashes every finished blob in a store: how many there are, and which have not the name that they hash to. */
export async function checkStoredFiles(
  directory: string,
): Promise<{ readonly count: number; readonly wrong: readonly string[] }> {
  const { blobs } = new StoreLayout(directory);
  const entries = await readdir(blobs, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const wrong: string[] = [];
  for (const file of files) {
    const hash = createHash(basename(dirname(dirname(file))));
    await pipeline(createReadStream(file), hash);
    if (hash.digest('hex') !== basename(file)) wrong.push(file);
  }
  return { count: files.length, wrong };
}
