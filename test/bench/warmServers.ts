import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Contender } from './contenders/contender.ts';
import { startFresh } from './contenders/startFresh.ts';
import { discard } from './load/discard.ts';
import { fetchOnce } from './load/fetchOnce.ts';
import type { WarmServer } from './trial.ts';
import { contentsOf, type PushedContent } from './image.ts';
import type { Server } from './server.ts';
import type { BenchUpstream } from './upstream.ts';

const run = promisify(execFile);
// Larger ones are nothing for the bare route.
const smallBytesAtMost = 64 * 1024;

/** The contenders of one round that hold everything. Disposing of them stops them. */
export class WarmServers implements AsyncDisposable {
  readonly #upstream: BenchUpstream;
  readonly #signal: AbortSignal;
  readonly #running = new AsyncDisposableStack();
  readonly #servers = new Map<string, Server>();

  constructor(upstream: BenchUpstream, signal: AbortSignal) {
    this.#upstream = upstream;
    this.#signal = signal;
  }

  /** Starts and fills those that don't run yet, and gives all of the named in that order. */
  async get(contenders: readonly Contender[]): Promise<WarmServer[]> {
    const servers: WarmServer[] = [];
    const before = this.#servers.size;
    for (const contender of contenders) {
      const server = this.#servers.get(contender.name) ?? (await this.#start(contender));
      this.#servers.set(contender.name, server);
      servers.push({ name: contender.name, server });
    }
    // What has been written would else be brought to the disk while something is measured.
    if (this.#servers.size > before) await run('sync', { signal: this.#signal });
    return servers;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.disposeAsync();
  }

  async #start({ name, start }: Contender): Promise<Server> {
    const server = this.#running.use(
      await startFresh((directory) => start(directory, this.#upstream)),
    );
    const { large, small } = this.#upstream;
    const contents = [...contentsOf(small), ...contentsOf(large)];
    for (const content of contents) {
      if (name === 'fastify' && content.bytes > smallBytesAtMost) continue;
      await fill(server, content, this.#signal);
    }
    return server;
  }
}

/** Has a server fetch something. */
export async function fill(
  server: Server,
  { path, bytes }: PushedContent,
  signal: AbortSignal,
): Promise<void> {
  const url = server.url + path;
  if (bytes <= smallBytesAtMost) return fetchOnce(url, signal);
  await discard({ url, connections: 1, bytes, until: { times: 1 } }, signal);
}
