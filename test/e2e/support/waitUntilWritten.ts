import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mirror } from './mirror.ts';
import { waitUntil } from './waitUntil.ts';

/** Resolves once some file among the data of the mirror has so many bytes. */
export async function waitUntilWritten({ directory }: Mirror, bytes: number): Promise<void> {
  await waitUntil(`a file of the mirror has ${bytes} bytes`, async () => {
    for (const path of await readdir(directory, { recursive: true })) {
      const found = await stat(join(directory, path)).catch(() => undefined);
      if (found?.isFile() === true && found.size >= bytes) return true;
    }
    return false;
  });
}
