import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { runCommand } from './runCommand.ts';

/** How dockerd keeps layers. `vfs` works everywhere and copies everything for every step of a build. */
export type StorageDriver = 'vfs' | 'overlay2';

/** `overlay2` where the bench's directory can carry it (not inside of most containers), else `vfs`. */
export async function fastestStorageDriver({ directory }: Bench): Promise<StorageDriver> {
  const at = (name: string) => join(directory, 'overlay-trial', name);
  for (const name of ['lower', 'upper', 'work', 'merged'])
    await mkdir(at(name), { recursive: true });
  const layers = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`;
  try {
    await runCommand('mount', ['-t', 'overlay', 'trial', '-o', layers, at('merged')]);
  } catch {
    return 'vfs';
  }
  await runCommand('umount', [at('merged')]);
  return 'overlay2';
}
