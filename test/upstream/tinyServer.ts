import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lifetime } from '../support/lifetime.ts';

/** A server of a test's own, and what reached it. */
export interface TinyServer {
  readonly url: string;
  /** `host:port`. */
  readonly authority: string;
  readonly requests: readonly IncomingMessage[];
}

/** How a server answers. */
export type TinyHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a server on a free port of this machine; it is gone when the test ends. */
export async function startTinyServer(t: Lifetime, handle: TinyHandler): Promise<TinyServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${authority}`, authority, requests };
}
