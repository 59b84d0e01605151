import { once } from 'node:events';
import { createServer } from 'node:http';
import { request as httpRequest } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Lifetime } from '../support/lifetime.ts';

/** A company's proxy, and what went through it. */
export interface TestProxy {
  /** `host:port`. */
  readonly authority: string;
  /** `GET http://…` of forwarded requests and `CONNECT host:port` of tunnels. */
  readonly seen: readonly string[];
  /** The `Proxy-Authorization` of each. */
  readonly authorizations: readonly (string | undefined)[];
}

/** Starts a proxy that forwards plain HTTP and opens tunnels; `deaf`: one that never answers. */
export async function startTestProxy(
  t: Lifetime,
  { deaf = false }: { readonly deaf?: boolean } = {},
): Promise<TestProxy> {
  const seen: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    authorizations.push(incoming.headers['proxy-authorization']);
    if (deaf) return;
    const { method = 'GET', headers, url = '' } = incoming;
    const onward = httpRequest(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end();
  });
  server.on('connect', (incoming, socket: Socket) => {
    seen.push(`CONNECT ${incoming.url}`);
    authorizations.push(incoming.headers['proxy-authorization']);
    sockets.add(socket.on('error', () => undefined));
    if (!deaf) openTunnel(incoming.url ?? '', socket, sockets);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    const closed = once(server, 'close');
    for (const socket of sockets) socket.destroy();
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return {
    authority: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    authorizations,
  };
}

function openTunnel(target: string, socket: Socket, sockets: Set<Socket>): void {
  const colon = target.lastIndexOf(':');
  const onward = connect(Number(target.slice(colon + 1)), target.slice(0, colon), () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(onward).pipe(socket);
  });
  onward.on('error', () => socket.destroy());
  sockets.add(onward);
}
