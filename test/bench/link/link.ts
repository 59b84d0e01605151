import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What a link does to the bytes between two sides. */
export interface LinkOptions {
  /** The server at its far end. */
  readonly to: string;
  /** Bytes a second in each direction, of all connections together; by default as many as can be relayed. */
  readonly bytesPerSecond?: number;
  /** Milliseconds from one end to the other and back; 0 by default. */
  readonly roundTrip?: number;
}

/** A server that is reached over a link. Disposing of it ends the link. */
export interface Link extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/**
 * Has a process of its own relay connections as a link of a given rate and length would. To connect takes a
 * round trip as well. It is one queue in each direction, without loss; a connection is as fast at its
 * beginning as later on, other than with TCP's slow start over a long link.
 */
export async function startLink({ to, bytesPerSecond, roundTrip = 0 }: LinkOptions): Promise<Link> {
  const { hostname, port, protocol } = new URL(to);
  const options = { hostname, port: Number(port), bytesPerSecond, roundTrip };
  // A group of its own: Ctrl-C leaves it to whoever disposes of it.
  const child = fork(join(import.meta.dirname, 'linkProcess.ts'), [JSON.stringify(options)], {
    detached: true,
    execArgv: [],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the link ended with ${code}`);
  });
  ended.catch(() => {});
  const [{ port: own }] = await Promise.race([once(child, 'message'), ended]);
  return {
    url: `${protocol}//127.0.0.1:${own}`,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended.catch(() => {});
    },
  };
}
