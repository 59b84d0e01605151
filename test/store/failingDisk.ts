import { truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Lifetime } from '../support/lifetime.ts';
import {
  attachLoopDisk,
  detachLoopDisk,
  forgetCached,
  runProgram,
  type LoopDisk,
} from '../support/loopDisk.ts';

/** A real file system of 16 MiB (ext4 in a file, through a loop device) that can be made to fail. */
export interface FailingDisk {
  readonly directory: string;
  /**
   * From now on the disk fails to read (EIO). What the kernel has in memory of the file is forgotten before,
   * but for its first `readable` bytes and a little more.
   */
  failReads(path: string, readable: number): void;
  /** The kernel finds a fault and makes the file system read-only, for good and with all files left open. */
  becomeReadOnly(): void;
}

/** Bytes of a {@link failingDisk}. */
export const failingDiskBytes = 16 * 1024 * 1024;

/** Why tests on a {@link failingDisk} can't run here, as node:test wants it; `false` if they can. */
export const whyNoFailingDisk = reasonToSkip();

/** A disk of its own that is gone when the test ends. */
export function failingDisk(t: Lifetime): FailingDisk {
  const disk = attach();
  t.after(() => detachLoopDisk(disk));
  const { directory, device, file } = disk;
  return {
    directory,
    failReads(path, readable) {
      forgetCached(path);
      if (readable > 0) runProgram('dd', `if=${path}`, 'of=/dev/null', `bs=${readable}`, 'count=1');
      truncateSync(file, 4096);
      runProgram('losetup', '--set-capacity', device);
    },
    becomeReadOnly() {
      writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1');
    },
  };
}

function reasonToSkip(): string | false {
  try {
    detachLoopDisk(attach());
    return false;
  } catch (error) {
    return `needs the right to mount a loop device: ${String(error)}`;
  }
}

// Without a journal the fault is not written to the disk, and nothing is replayed.
function attach(): LoopDisk {
  return attachLoopDisk({ bytes: failingDiskBytes, mountOptions: 'errors=remount-ro' });
}
