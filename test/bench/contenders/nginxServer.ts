import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { searchPath } from '../missingPrograms.ts';
import { startServer, type Server } from '../server.ts';

/** How an nginx is set up. */
export interface NginxOptions {
  /** For its configuration, its temporary files and its log. */
  readonly directory: string;
  readonly url: string;
  /** A port where it says that it runs. */
  readonly readyPort: number;
  /** What goes into its `http` block. */
  readonly http: string;
}

/** Starts nginx with one worker, as Debian's configuration sets it up but without an access log. */
export async function startNginxServer(options: NginxOptions): Promise<Server> {
  const { directory, url, readyPort, http } = options;
  const configuration = join(directory, 'nginx.conf');
  await writeFile(configuration, configurationOf(directory, readyPort, http));
  const start = ['-c', configuration, '-p', directory, '-e', join(directory, 'error.log')];
  return startServer({
    command: 'nginx',
    args: start,
    url,
    readyUrl: `http://127.0.0.1:${readyPort}/`,
    environment: { PATH: searchPath },
    logFile: join(directory, 'log'),
  });
}

function configurationOf(directory: string, readyPort: number, http: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = kinds.map((kind) => `  ${kind}_temp_path ${join(directory, kind)};`);
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
events { worker_connections 768; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
${temporary.join('\n')}
  server { listen 127.0.0.1:${readyPort}; return 200; }
${http}
}
`;
}
