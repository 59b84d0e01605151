import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/cli/pullthrough.ts';
import { compileCache } from '../support/compileCache.ts';
import { assertHoldsNoSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import type { Lifetime } from '../support/lifetime.ts';

/** The program's entry. */
export const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What became of a process. */
export interface ProcessResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs Node with these arguments, in an empty directory and with nothing but this environment, and what was
 * compiled before, which halves the time; `input` is what it reads from a pipe. Fails when a marked secret
 * shows in what it writes.
 */
export async function runNode(
  t: Lifetime,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  input = '',
): Promise<ProcessResult> {
  const child = spawn(process.execPath, args, {
    cwd: await temporaryDirectory(t),
    env: { ...compileCache, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // What ends before it has read everything is no matter.
  child.stdin.on('error', () => undefined).end(input);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve).on('error', reject);
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    closed,
  ]);
  assertHoldsNoSecret('what the process wrote', `${stdout}\n${stderr}`);
  return { code, stdout, stderr };
}

/** Runs the program as a process of its own. */
export async function runCli(
  t: Lifetime,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  input = '',
): Promise<ProcessResult> {
  return runNode(t, [mainFile, ...args], environment, input);
}

/** Runs the program as a process whose output nobody reads, as behind a pipe to a `head` that has ended. */
export async function runUnread(
  t: Lifetime,
  args: readonly string[],
): Promise<Omit<ProcessResult, 'stdout'>> {
  const child = spawn(process.execPath, [mainFile, ...args], {
    cwd: await temporaryDirectory(t),
    env: compileCache,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, stderr };
}

/** Where {@link runHere} runs the program, and with what environment. */
export interface Surroundings {
  readonly environment?: NodeJS.ProcessEnv;
  /** The working directory meanwhile; default: the one that it is. */
  readonly directory?: string;
}

/** Runs the program within this process, which costs a hundredth of {@link runCli}. */
export async function runHere(
  args: readonly string[],
  { environment = {}, directory }: Surroundings = {},
): Promise<ProcessResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const before = process.cwd();
  if (directory !== undefined) process.chdir(directory);
  try {
    const code = await run(args, environment, stdout, stderr);
    const written = { stdout: await text(stdout.end()), stderr: await text(stderr.end()) };
    assertHoldsNoSecret('what the program wrote', `${written.stdout}\n${written.stderr}`);
    return { code, ...written };
  } finally {
    if (directory !== undefined) process.chdir(before);
  }
}
