import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from '../server.ts';

/** Starts a server with a new directory, which goes when the server is disposed of. */
export async function startFresh(start: (directory: string) => Promise<Server>): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await mkdtempDisposable(join(tmpdir(), 'pullthrough-bench-')));
  const server = stack.use(await start(directory.path));
  const both = stack.move();
  return { ...server, [Symbol.asyncDispose]: () => both.disposeAsync() };
}
