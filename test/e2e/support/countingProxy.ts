import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Bench } from './bench.ts';

/** A stand before a registry that notes every request and passes it on unchanged. */
export interface CountingProxy {
  readonly url: string;
  /** Every request so far, as `GET /v2/…`, in the order of arrival. */
  readonly requests: readonly string[];
  /** Closes the door: from now on connections are refused. */
  stop(): Promise<void>;
}

/** Starts a counting stand before the HTTP server at `target`. */
export async function startCountingProxy(bench: Bench, target: string): Promise<CountingProxy> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    pass(target, incoming, outgoing).catch(() => outgoing.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  bench.onClose(stop);
  bench.keepLog('requests that reached the upstream', () => requests.join('\n'));
  return { url: `http://127.0.0.1:${port}`, requests, stop };
}

async function pass(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method, headers } = incoming;
  const onward = request(new URL(incoming.url ?? '/', target), { method, headers }).end();
  const [answer] = (await once(onward, 'response')) as [IncomingMessage];
  outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  await pipeline(answer, outgoing);
}
