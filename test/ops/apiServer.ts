import type { FastifyInstance } from 'fastify';
import { ApiToken } from '../../src/ops/apiToken.ts';
import type { ApiOptions } from '../../src/ops/apiRoutes.ts';
import { createLogger } from '../../src/ops/logger.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { createOpsServer, type OpsServerOptions } from '../../src/ops/opsServer.ts';
import type { Upkeep } from '../../src/upkeep/upkeep.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { assertHoldsNoSecret } from '../support/secretMark.ts';

/** How the API under test is set up. */
export interface ApiServerOptions
  extends Partial<Omit<ApiOptions, 'token'>>, Pick<OpsServerOptions, 'requestTimeout'> {
  readonly upkeep: Upkeep;
  readonly token?: string;
  readonly host?: string;
}

/** The ops server with an API. */
export interface ApiServer {
  /** Where its API is, with a slash at the end. */
  readonly api: string;
  readonly url: string;
  readonly app: FastifyInstance;
  /** What it logged. */
  readonly logged: readonly string[];
}

/** Starts the ops server over an upkeep; a secret in what it logs fails the test. */
export async function startApi(t: Lifetime, options: ApiServerOptions): Promise<ApiServer> {
  const { token, host = '127.0.0.1', requestTimeout, ...rest } = options;
  const logged: string[] = [];
  const app = createOpsServer({
    metrics: new Metrics({ upstreams: [], version: '1.2.3' }),
    readings: () => Promise.reject(new Error('not of this test')),
    ready: async () => {},
    logger: createLogger({
      level: 'info',
      format: 'json',
      destination: { write: (line) => logged.push(line) },
    }),
    ...(requestTimeout === undefined ? {} : { requestTimeout }),
    api: {
      store: { version: '1.2.3', directory: '/data', identity: '1:2' },
      ...rest,
      token: token === undefined ? undefined : new ApiToken(token),
    },
  });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
    assertHoldsNoSecret('what the ops server logged', logged.join(''));
  });
  const url = await app.listen({ host, port: 0 });
  return { api: `${url}/api/v1/`, url, app, logged };
}
