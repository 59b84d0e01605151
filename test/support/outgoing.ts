import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { holdsSecret } from './secretMark.ts';

/** Looks at all that a server sends; the array fills with the pieces in which a marked secret stands. */
export function secretsSentBy(server: Server): readonly string[] {
  const found: string[] = [];
  server.on('connection', (socket) => {
    watch(socket, (piece) => {
      if (holdsSecret(piece)) found.push(String(piece));
    });
  });
  return found;
}

/** Everything that Node's HTTP server sends goes through its sockets' `write` and `end`. */
function watch(socket: Socket, see: (piece: string | Buffer) => void): void {
  for (const name of ['write', 'end'] as const) {
    const original = socket[name].bind(socket) as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      const [piece] = args;
      if (typeof piece === 'string' || Buffer.isBuffer(piece)) see(piece);
      return original(...args);
    };
    Object.assign(socket, { [name]: watched });
  }
}
