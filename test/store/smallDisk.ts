import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from '../support/lifetime.ts';

/** Bytes of a {@link smallDisk}. */
export const smallDiskBytes = 8 * 1024 * 1024;

/** Why tests on a {@link smallDisk} can't run here, as node:test wants it; `false` if they can. */
export const whySkipped = reasonToSkip();

/** A file system of its own, of 8 MiB, that is gone when the test ends. */
export async function smallDisk(t: Lifetime): Promise<string> {
  const disk = mount();
  t.after(() => unmount(disk));
  return disk;
}

/**
 * Makes a directory read-only for everybody, files that are created or removed in it included, and says how
 * to undo it. A whole file system in which files are open for writing can't be made so by hand.
 */
export function makeReadOnly(directory: string): () => void {
  execFileSync('mount', ['--bind', directory, directory], { stdio: 'pipe' });
  execFileSync('mount', ['-o', 'remount,bind,ro', directory], { stdio: 'pipe' });
  return () => {
    execFileSync('umount', [directory], { stdio: 'pipe' });
  };
}

function reasonToSkip(): string | false {
  try {
    unmount(mount());
    return false;
  } catch (error) {
    return `needs the right to mount a tmpfs: ${String(error)}`;
  }
}

function mount(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pullthrough-test-disk-'));
  try {
    const size = `size=${smallDiskBytes}`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', directory], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
  return directory;
}

/** Lazily: files that a failed test left open are no reason to leave the disk. */
function unmount(directory: string): void {
  execFileSync('umount', ['-l', directory], { stdio: 'pipe' });
  rmdirSync(directory);
}
