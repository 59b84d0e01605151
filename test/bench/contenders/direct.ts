import type { Server } from '../server.ts';

/** The upstream itself, or a link to it. It is somebody else's to start and stop, and its CPU time nobody's. */
export async function startDirect(url: string): Promise<Server> {
  return { url, pid: 0, log: async () => '', [Symbol.asyncDispose]: async () => undefined };
}
