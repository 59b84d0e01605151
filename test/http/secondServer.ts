import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createRegistryServer, type RegistryServerOptions } from '../../src/http/registryServer.ts';
import type { ServerLimits } from '../../src/http/serverLimits.ts';
import type { FinishedRequest } from '../../src/mirror/requestObserver.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { admissionTo } from '../support/testMirror.ts';
import type { Stage } from './stage.ts';

/** A server of a test's own before the mirror of a stage. */
export interface SecondServer {
  readonly port: number;
  readonly server: Server;
  /** The requests that are over, oldest first. */
  readonly finished: readonly FinishedRequest[];
  /** Its ends of the connections that it holds. */
  readonly connections: ReadonlySet<Socket>;
}

/** Starts a second server before the stage's mirror, with limits and options of its own. */
export async function serveWith(
  t: Lifetime,
  { mirror }: Stage,
  limits: Partial<ServerLimits> = {},
  options: Pick<RegistryServerOptions, 'tls' | 'handOver' | 'network'> = {},
): Promise<SecondServer> {
  const finished: FinishedRequest[] = [];
  const app = createRegistryServer({
    mirror: mirror.mirror,
    admission: admissionTo(mirror.mirror),
    observer: { finished: (request) => finished.push(request) },
    monotonicNow: () => performance.now(),
    limits,
    ...options,
  });
  const connections = new Set<Socket>();
  app.server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { port: Number(new URL(url).port), server: app.server, finished, connections };
}
