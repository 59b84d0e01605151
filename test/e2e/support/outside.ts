import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Bench } from './bench.ts';

/** The world beyond this machine, as clients are let see it: every attempt is noted and refused. */
export interface Outside {
  /** The hosts that somebody tried to reach, as `host:port`. */
  readonly attempts: readonly string[];
  /** What a client's environment needs so that its way out leads here. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Starts a web proxy that refuses everything. Go programs (all the clients here) take the way to
 * another host through `HTTPS_PROXY`, but go to loopback addresses directly; so what is noted here
 * is exactly what went round a mirror on 127.0.0.1.
 */
export async function startOutside(bench: Bench): Promise<Outside> {
  const attempts: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (head) => {
      attempts.push(head.toString('latin1').split(' ')[1] ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  bench.onClose(async () => {
    server.close();
    await once(server, 'close');
  });
  const url = `http://127.0.0.1:${port}`;
  return { attempts, environment: { HTTP_PROXY: url, HTTPS_PROXY: url } };
}
