import { readFile } from 'node:fs/promises';
import { runCommand } from './runCommand.ts';

/** Undoes the mounts that a stopped daemon left in a directory, such as dockerd's hold on a container's network. */
export async function unmountBelow(directory: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const points = mounts.split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const point of points.toReversed())
    if (point.startsWith(`${directory}/`)) await runCommand('umount', [point]);
}
