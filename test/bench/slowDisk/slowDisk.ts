import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attachLoopDisk, detachLoopDisk, forgetCached } from '../../support/loopDisk.ts';

/**
 * A disk that reads slowly for one process: an ext4 on a loop device, and the kernel's limit of what the
 * processes of a control group read from a device (version 1's `blkio`). Who asks for bytes that are in the
 * page cache doesn't wait. Writing isn't limited.
 */
export interface SlowDisk extends AsyncDisposable {
  readonly directory: string;
  /** Limits what a process reads, with all its threads, in bytes a second; a limit before this is replaced. */
  readonly slowDown: (pid: number, bytesPerSecond: number) => Promise<void>;
  /** Lifts the limit. */
  readonly speedUp: () => Promise<void>;
  /** Forgets what the kernel has in memory of a file. */
  readonly forget: (path: string) => void;
}

const groups = '/sys/fs/cgroup/blkio';

/** Why there can be no slow disk here; `undefined` if there can. */
export async function whyNoSlowDisk(): Promise<string | undefined> {
  try {
    await using disk = await makeSlowDisk(16 * 1024 ** 2);
    await disk.speedUp();
    return undefined;
  } catch (error) {
    return `needs the right to mount a loop device and the control group blkio of version 1: ${String(error)}`;
  }
}

/** Makes a disk of so many bytes, as fast as the one beneath it for now. */
export async function makeSlowDisk(bytes: number): Promise<SlowDisk> {
  await using stack = new AsyncDisposableStack();
  // The bytes of the loop device's own file aren't kept in memory beside those of the files on it.
  const disk = attachLoopDisk({ bytes, mountOptions: 'noatime', direct: true });
  stack.defer(() => detachLoopDisk(disk));
  const group = `${groups}/pullthrough-bench-${basename(disk.device)}-${process.pid}`;
  await mkdir(group);
  stack.defer(() => removeGroup(group));
  const number = (await readFile(`/sys/block/${basename(disk.device)}/dev`, 'utf8')).trim();
  const limit = (bytesPerSecond: number): Promise<void> =>
    writeFile(`${group}/blkio.throttle.read_bps_device`, `${number} ${bytesPerSecond}`);
  const whole = stack.move();
  return {
    directory: disk.directory,
    slowDown: async (pid, bytesPerSecond) => {
      await limit(bytesPerSecond);
      await writeFile(`${group}/cgroup.procs`, String(pid));
    },
    // The kernel takes 0 for no limit.
    speedUp: () => limit(0),
    forget: forgetCached,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** A group goes once its processes have: those that are left are sent to the root. */
async function removeGroup(group: string): Promise<void> {
  const left = (await readFile(`${group}/cgroup.procs`, 'utf8')).split('\n').filter(Boolean);
  for (const pid of left) await writeFile(`${groups}/cgroup.procs`, pid);
  for (let tries = 0; ; tries += 1) {
    try {
      return await rmdir(group);
    } catch (error) {
      if (tries === 20) throw error;
      await sleep(50);
    }
  }
}
