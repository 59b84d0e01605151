import { cp, mkdir } from 'node:fs/promises';
import { lstatSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Bench } from './bench.ts';
import { repositoryRoot } from './repository.ts';
import { runCommand } from './runCommand.ts';

/**
 * Copies what git has, or would take, of this checkout into a new directory: nothing that is ignored.
 * Symbolic links are left out, for what is done to the copy must never reach the original through one.
 */
export async function copyCheckout(bench: Bench): Promise<string> {
  const copy = join(bench.directory, 'checkout');
  const flags = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = await runCommand('git', flags, { directory: repositoryRoot });
  for (const path of listed.split('\0').filter(Boolean)) {
    const source = join(repositoryRoot, path);
    if (!isFile(source)) continue;
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await cp(source, join(copy, path));
  }
  return copy;
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * The environment of somebody who types a command at this machine: what `npm run` adds to it (the
 * project's own programs in front, `npm_…` settings) is taken out again.
 */
export function shellEnvironment(): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_TEST/.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: path.filter((directory) => !directory.includes('node_modules')).join(delimiter),
  };
}
