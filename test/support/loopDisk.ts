import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own: an ext4 without a journal in a file, through a loop device. It needs the right to mount. */
export interface LoopDisk {
  /** Where it is mounted. */
  readonly directory: string;
  /** Such as `/dev/loop0`. */
  readonly device: string;
  /** The file that holds it. */
  readonly file: string;
  readonly home: string;
}

/** Which mount options it gets, and whether what is read from the file bypasses the page cache (that of the mounted files remains). */
export interface LoopDiskOptions {
  readonly bytes: number;
  readonly mountOptions: string;
  readonly direct?: boolean;
}

/** Makes it and mounts it. The file takes only the room that is written to. */
export function attachLoopDisk({ bytes, mountOptions, direct }: LoopDiskOptions): LoopDisk {
  const home = mkdtempSync(join(tmpdir(), 'pullthrough-loop-disk-'));
  const directory = join(home, 'mounted');
  const file = join(home, 'image');
  try {
    writeFileSync(file, '');
    truncateSync(file, bytes);
    runProgram('mkfs.ext4', '-q', '-O', '^has_journal', file);
    runProgram('mkdir', directory);
    const options = direct === true ? ['--direct-io=on'] : [];
    const device = runProgram('losetup', '--find', '--show', ...options, file).trim();
    try {
      runProgram('mount', '-o', mountOptions, device, directory);
    } catch (error) {
      runProgram('losetup', '--detach', device);
      throw error;
    }
    return { home, directory, device, file };
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

/** Lazily: files that were left open are no reason to leave the disk. */
export function detachLoopDisk({ home, directory, device }: LoopDisk): void {
  runProgram('umount', '-l', directory);
  runProgram('losetup', '--detach', device);
  rmSync(home, { recursive: true, force: true });
}

/** Writes what is to be written of all files, and then forgets what the kernel has in memory of one. */
export function forgetCached(path: string): void {
  runProgram('sync');
  // GNU dd: "discard cached data", which it does for the whole file when nothing is to be copied.
  runProgram('dd', `if=${path}`, 'iflag=nocache', 'count=0');
}

/** Runs a program, also one that only root has in its search path, and gives what it wrote. */
export function runProgram(command: string, ...args: string[]): string {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const env = { ...process.env, PATH: path };
  return execFileSync(command, args, { stdio: 'pipe', env }).toString();
}
