import { readdirSync, readlinkSync } from 'node:fs';

/** Why open files can't be told here, as node:test wants it; `false` if they can. */
export const whySkipped = process.platform === 'linux' ? false : 'needs /proc';

/** How many descriptors of this process lead to the file, which may have been removed since. */
export function openDescriptors(path: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    const target = linkTarget(`/proc/self/fd/${descriptor}`);
    return target === path || target === `${path} (deleted)`;
  }).length;
}

/** The one that read the directory is gone by now. */
function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
