import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './bench.ts';

const millisecondsToEnd = 30_000;

/** How a program is started. */
export interface ProgramOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly directory?: string;
  /** Gives it a process group of its own, so that children that outlive it are killed when the bench is closed. */
  readonly ownGroup?: boolean;
}

/** A program that runs until it is stopped, or until its bench is closed. */
export interface Program {
  /** Everything it wrote so far, both streams in one. */
  readonly output: () => string;
  /** Resolves with the first match in what it wrote or writes; rejects when it ends or the time is up. */
  readonly waitFor: (pattern: RegExp, milliseconds?: number) => Promise<RegExpExecArray>;
  /** Throws when the program has ended, with what it wrote. */
  readonly assertRunning: () => void;
  /** Asks it to end (SIGTERM) and resolves with its exit code; after 30 s it is killed (code `null`). */
  readonly stop: () => Promise<number | null>;
  /** Ends it as if the power had failed (SIGKILL), and resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Starts a program in the background. The bench stops it at the end and prints its output after a failure. */
export function startProgram(
  bench: Bench,
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const child = spawn(command, args, {
    cwd: options.directory ?? bench.directory,
    env: options.environment ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.ownGroup === true,
  });
  const output = collectOutput(child);
  const ended = endOf(child);
  const assertRunning = () => {
    if (hasEnded(child)) throw new Error(`${command} ended early:\n${output()}`);
  };
  const stop = async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), millisecondsToEnd);
    const code = await ended;
    clearTimeout(killer);
    return code;
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  bench.onClose(async () => {
    await stop();
    if (options.ownGroup === true) killGroup(child);
  });
  bench.keepLog([command, ...args].join(' '), output);
  const waitFor = async (pattern: RegExp, milliseconds = 30_000) => {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const match = pattern.exec(output());
      if (match !== null) return match;
      assertRunning();
      if (Date.now() > deadline) throw new Error(`${command} never wrote ${String(pattern)}`);
      await delay(20);
    }
  };
  return { output, waitFor, assertRunning, stop, kill };
}

function collectOutput(child: Child): () => string {
  let written = '';
  const collect = (piece: string) => {
    written += piece;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  child.once('error', (error) => collect(`${String(error)}\n`));
  return () => written;
}

function endOf(child: Child): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
}

function hasEnded(child: Child): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function killGroup(child: Child): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left, as it should be.
  }
}
