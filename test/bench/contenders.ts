import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerRegistry } from './dockerRegistry.ts';
import { startMirror } from './mirror.ts';
import type { Server } from './server.ts';

/** The servers that are compared. */
export type ContenderName = 'mirror' | 'docker-registry';

/** One that is measured. */
export interface Contender {
  readonly name: ContenderName;
  /** Starts it with a directory that holds nothing, before the registry at `upstreamUrl`. */
  readonly start: (directory: string, upstreamUrl: string) => Promise<Server>;
}

/** All that are compared: what the ratios are of, then what they are relative to. */
export const contenders: readonly Contender[] = [
  { name: 'mirror', start: startMirror },
  { name: 'docker-registry', start: startDockerRegistry },
];

/** Starts a server with a new directory, which goes when the server is disposed of. */
export async function startFresh(start: (directory: string) => Promise<Server>): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await mkdtempDisposable(join(tmpdir(), 'pullthrough-bench-')));
  const server = stack.use(await start(directory.path));
  const both = stack.move();
  return { ...server, [Symbol.asyncDispose]: () => both.disposeAsync() };
}
