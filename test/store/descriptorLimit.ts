import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { Lifetime } from '../support/lifetime.ts';

/** Why {@link allowNoMoreDescriptors} can't be had here, as node:test wants it; `false` if it can. */
export const noPrlimit = reasonToSkip();

/**
 * This process gets no further file descriptor (EMFILE) until the returned function was called, or the test
 * ends. It goes through a process that is there before, for to start one takes descriptors.
 */
export async function allowNoMoreDescriptors(t: Lifetime): Promise<() => Promise<void>> {
  const pid = String(process.pid);
  const script = `
    limits=$(prlimit --pid ${pid} --nofile --noheadings --output SOFT | tr -d ' ')
    prlimit --pid ${pid} --nofile=3: && echo lowered
    read -r line
    prlimit --pid ${pid} --nofile=$limits: && echo restored
  `;
  const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  let restoring: Promise<unknown> | undefined;
  const restore = async (): Promise<void> => {
    restoring ??= once(child.stdout, 'data');
    child.stdin.end('\n');
    await restoring;
  };
  t.after(restore);
  return restore;
}

function reasonToSkip(): string | false {
  try {
    readdirSync('/proc/self/fd');
    execFileSync('prlimit', ['--version'], { stdio: 'pipe' });
    return false;
  } catch (error) {
    return `needs Linux and prlimit: ${String(error)}`;
  }
}
