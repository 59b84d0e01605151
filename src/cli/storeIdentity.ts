import { readdir, stat } from 'node:fs/promises';
import { StoreLayout } from '../store/storeLayout.ts';

/**
 * What tells the store of a directory from every other one on this machine: which directory of which file
 * system it is. A path would not do, for a container has another path for the same directory, and two
 * containers have the same path for different ones. `undefined` when there is no store.
 */
export async function storeIdentity(directory: string): Promise<string | undefined> {
  const found = await stat(new StoreLayout(directory).root, { bigint: true }).catch(
    () => undefined,
  );
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/** Whether there is a store, though it may be one of a newer format. */
export async function hasStore(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(() => []);
  return names.some((name) => /^v[1-9]\d*$/.test(name));
}
