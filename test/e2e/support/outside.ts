import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Bench } from './bench.ts';

/** The world beyond this machine, as clients are let see it: every attempt is noted and refused. */
export interface Outside {
  /** The hosts that somebody tried to reach, as `host:port`. */
  readonly attempts: readonly string[];
  /** What a client's environment needs so that its way out leads here. */
  readonly environment: NodeJS.ProcessEnv;
  /** Has a host, as `host:port`, be reached after all: at this port of 127.0.0.1. It counts as no attempt. */
  lead(host: string, port: number): void;
}

/**
 * Starts a web proxy that refuses everything. Go programs (all the clients here) take the way to
 * another host through `HTTPS_PROXY`, but go to loopback addresses directly; so what is noted here
 * is exactly what went round a mirror on 127.0.0.1.
 */
export async function startOutside(bench: Bench): Promise<Outside> {
  const attempts: string[] = [];
  const known = new Map<string, number>();
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (head) => {
      const host = head.toString('latin1').split(' ')[1] ?? '';
      const port = known.get(host);
      if (port === undefined) {
        attempts.push(host);
        socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      } else tunnel(socket, port);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  bench.onClose(async () => {
    server.close();
    await once(server, 'close');
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    attempts,
    environment: { HTTP_PROXY: url, HTTPS_PROXY: url },
    lead(host, to) {
      known.set(host, to);
    },
  };
}

/** Answers `CONNECT` (RFC 9110 §9.3.6), after which the proxy only passes on. */
function tunnel(socket: Socket, port: number): void {
  const onward = connect(port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    pipeline(socket, onward, socket, () => onward.destroy());
  });
  onward.on('error', () => socket.destroy());
}
