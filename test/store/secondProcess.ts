import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Lifetime } from '../support/lifetime.ts';

/** Another process that said something. */
export interface SecondProcess {
  readonly firstLine: string;
  /** Ends it as the kernel would when memory runs out: it gets no chance to tidy up. */
  kill(): Promise<void>;
}

/** Runs a module's text in a process of its own; settles when it has written a line. */
export async function startProcess(
  t: Lifetime,
  script: string,
  args: readonly string[],
): Promise<SecondProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, '--', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  t.after(kill);
  for await (const firstLine of createInterface(child.stdout)) return { firstLine, kill };
  throw new Error('the process ended without a word');
}
