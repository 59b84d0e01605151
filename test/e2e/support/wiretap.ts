import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Bench } from './bench.ts';

/** What a client asked, and what it was told. */
export interface Exchange {
  /** As `GET /v2/`. */
  readonly request: string;
  /** The `Authorization` that came with it. */
  readonly authorization: string | undefined;
  readonly status: number;
  /** `WWW-Authenticate` of the answer. */
  readonly challenge: string | undefined;
}

/** A stand before the mirror that changes nothing and hears what logs must not tell. */
export interface Wiretap {
  /** `127.0.0.1:PORT` of it. A client's `Host` reaches the mirror as it is. */
  readonly address: string;
  readonly port: number;
  /** All so far, in the order in which they were answered. */
  readonly exchanges: readonly Exchange[];
}

/** Starts a stand before the HTTP server at `target`, `http://HOST:PORT`. */
export async function startWiretap(bench: Bench, target: string): Promise<Wiretap> {
  const exchanges: Exchange[] = [];
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = incoming;
    const onward = request(`${target}${url}`, { method, headers });
    onward.end();
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    const { statusCode: status = 0 } = answer;
    const { authorization } = headers;
    const challenge = answer.headers['www-authenticate'];
    exchanges.push({ request: `${method} ${url}`, authorization, status, challenge });
    outgoing.writeHead(status, answer.rawHeaders);
    await pipeline(answer, outgoing);
  };
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  bench.onClose(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  // Without what clients send in confidence: this is printed after a failure.
  bench.keepLog(`requests for ${target}`, () =>
    exchanges
      .map(({ request: asked, status, challenge = '', authorization }) => {
        const [scheme = ''] = authorization?.split(' ') ?? [];
        return `${asked} (${scheme}): ${status} ${challenge}`;
      })
      .join('\n'),
  );
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, port, exchanges };
}
