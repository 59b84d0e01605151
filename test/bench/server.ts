import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { waitUntilReady } from '../e2e/support/waitUntilReady.ts';

const millisecondsToEnd = 10_000;

/** How a server is started. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** What its environment has beside this process's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it answers. */
  readonly url: string;
  /** What answers 200 once it serves. */
  readonly readyUrl: string;
  /** Takes what it writes: a file, since to read it here would cost CPU time that is being measured. */
  readonly logFile: string;
}

/** A running server. Disposing of it stops it: SIGTERM, and SIGKILL after 10 s. */
export interface Server extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** What it has written so far. */
  readonly log: () => Promise<string>;
}

/** Starts a server and resolves when it is ready. */
export async function startServer(start: ServerCommand): Promise<Server> {
  await using log = await open(start.logFile, 'a');
  // A group of its own: at Ctrl-C it is stopped here, once the clients are.
  const child = spawn(start.command, start.args, {
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
    env: { ...process.env, ...start.environment },
  });
  await once(child, 'spawn');
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), millisecondsToEnd);
    await ended;
    clearTimeout(killer);
  };
  try {
    await waitUntilReady(start.readyUrl, () => {
      if (child.exitCode === null && child.signalCode === null) return;
      throw new Error(`${start.command} ended early; it wrote to ${start.logFile}`);
    });
  } catch (error) {
    await stop();
    throw new Error(`no start:\n${await readFile(start.logFile, 'utf8')}`, { cause: error });
  }
  return {
    url: start.url,
    pid: child.pid ?? 0,
    log: () => readFile(start.logFile, 'utf8'),
    [Symbol.asyncDispose]: stop,
  };
}
