import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { HandOver } from '../http/handOver.ts';
import { createRegistryServer } from '../http/registryServer.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { RequestObserver } from '../mirror/requestObserver.ts';
import { readCertificate, renewCertificate } from './certificate.ts';
import { openAdmission } from './openAdmission.ts';
import type { OpenedServer } from './openedServer.ts';
import { monotonicNow } from './openMirror.ts';

/** What registry clients are served with. */
export interface RegistryServing {
  readonly mirror: Mirror;
  readonly observer: RequestObserver;
  readonly logger: Logger;
}

/** Puts the server for registry clients together: its TLS, who may pull what, and what nginx does for it. */
export async function openRegistryServer(
  configuration: Configuration,
  { mirror, observer, logger }: RegistryServing,
): Promise<OpenedServer> {
  const { accelRedirect, access } = configuration;
  const tls = await readCertificate(configuration.tls, 'tls');
  const { visibility } = mirror;
  const surroundings = { visibility, now: monotonicNow, logger };
  const { admission, renewal: ofUsers } = await openAdmission(configuration, surroundings);
  const server = createRegistryServer({
    mirror,
    admission,
    logInHosts: access.logInHosts,
    observer,
    monotonicNow,
    tls,
    handOver: accelRedirect === undefined ? undefined : new HandOver(accelRedirect),
    network: access,
  });
  const ofTls = tls && renewCertificate(server.server, tls, configuration.tls, 'tls', logger);
  return { server, renewals: [ofUsers, ofTls].filter((renewal) => renewal !== undefined) };
}
