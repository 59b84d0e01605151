import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Lifetime } from '../support/lifetime.ts';

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

const image = 'image';
/** Bytes of a {@link failingDisk}. */
export const failingDiskBytes = 16 * 1024 * 1024;

/** Why tests on a {@link failingDisk} can't run here, as node:test wants it; `false` if they can. */
export const whyNoFailingDisk = reasonToSkip();

/** A disk of its own that is gone when the test ends. */
export function failingDisk(t: Lifetime): FailingDisk {
  const disk = attach();
  t.after(() => detach(disk));
  const { directory, device, home } = disk;
  return {
    directory,
    failReads(path, readable) {
      run('sync');
      // GNU dd: "discard cached data", which it does for the whole file when nothing is to be copied.
      run('dd', `if=${path}`, 'iflag=nocache', 'count=0');
      if (readable > 0) run('dd', `if=${path}`, 'of=/dev/null', `bs=${readable}`, 'count=1');
      truncateSync(join(home, image), 4096);
      run('losetup', '--set-capacity', device);
    },
    becomeReadOnly() {
      writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1');
    },
  };
}

interface Attached {
  readonly home: string;
  readonly directory: string;
  readonly device: string;
}

function reasonToSkip(): string | false {
  try {
    detach(attach());
    return false;
  } catch (error) {
    return `needs the right to mount a loop device: ${String(error)}`;
  }
}

function attach(): Attached {
  const home = mkdtempSync(join(tmpdir(), 'pullthrough-test-disk-'));
  const directory = join(home, 'mounted');
  try {
    writeFileSync(join(home, image), '');
    truncateSync(join(home, image), failingDiskBytes);
    // Without a journal the fault is not written to the disk, and nothing is replayed.
    run('mkfs.ext4', '-q', '-O', '^has_journal', join(home, image));
    run('mkdir', directory);
    const device = run('losetup', '--find', '--show', join(home, image)).trim();
    run('mount', '-o', 'errors=remount-ro', device, directory);
    return { home, directory, device };
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

/** Lazily: files that a failed test left open are no reason to leave the disk. */
function detach({ home, directory, device }: Attached): void {
  run('umount', '-l', directory);
  run('losetup', '--detach', device);
  rmSync(home, { recursive: true, force: true });
}

function run(command: string, ...args: string[]): string {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const env = { ...process.env, PATH: path };
  return execFileSync(command, args, { stdio: 'pipe', env }).toString();
}
