import { freePorts } from '../../e2e/support/freePort.ts';
import type { Server } from '../server.ts';
import type { StoredContent } from '../upstream.ts';
import type { Certificate } from './certificate.ts';
import { startNginxServer } from './nginxServer.ts';

/** Starts nginx on the very files that the upstream keeps: what sending bytes costs at the least. */
export async function startNginx(
  directory: string,
  contents: readonly StoredContent[],
  certificate?: Certificate,
): Promise<Server> {
  const [port, readyPort = 0] = await freePorts(2);
  const address = `127.0.0.1:${port}`;
  const tls = certificate && [
    `    ssl_certificate ${certificate.certificateFile};`,
    `    ssl_certificate_key ${certificate.keyFile};`,
  ];
  const http = [
    '  server {',
    `    listen ${address}${tls ? ' ssl' : ''};`,
    ...(tls ?? []),
    ...contents.map(locationOf),
    '  }',
  ];
  const url = `${tls ? 'https' : 'http'}://${address}`;
  return startNginxServer({ directory, url, readyPort, http: http.join('\n') });
}

function locationOf({ path, file, digest, mediaType }: StoredContent): string {
  return [
    `    location = ${path} {`,
    `      alias ${file};`,
    `      default_type ${mediaType};`,
    `      add_header Docker-Content-Digest ${digest};`,
    '    }',
  ].join('\n');
}
