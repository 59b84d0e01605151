import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreLayout } from '../../src/store/storeLayout.ts';

/** Bytes of all files of blobs, whole or not, damaged ones included, as they lie on the disk now. */
export async function diskUse({ blobs, incoming, quarantine }: StoreLayout): Promise<number> {
  let bytes = 0;
  for (const directory of [blobs, incoming, quarantine]) {
    const options = { recursive: true, withFileTypes: true } as const;
    // What is removed or renamed meanwhile has no bytes here.
    const entries = await readdir(directory, options).catch(() => []);
    for (const entry of entries.filter((one) => one.isFile())) {
      const file = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
      bytes += file?.size ?? 0;
    }
  }
  return bytes;
}
