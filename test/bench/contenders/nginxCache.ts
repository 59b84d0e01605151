import { join } from 'node:path';
import { freePorts } from '../../e2e/support/freePort.ts';
import type { Server } from '../server.ts';
import { startNginxServer } from './nginxServer.ts';

/** Starts nginx as a cache of files before a registry that asks for no token, and which it asks once for each path. */
export async function startNginxCache(directory: string, upstreamUrl: string): Promise<Server> {
  const [port, readyPort = 0] = await freePorts(2);
  const address = `127.0.0.1:${port}`;
  const http = `
  proxy_cache_path ${join(directory, 'cache')} levels=1:2 keys_zone=cache:10m max_size=100g inactive=7d use_temp_path=off;
  server {
    listen ${address};
    location / {
      proxy_pass ${upstreamUrl};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache cache;
      proxy_cache_key $uri;
      proxy_cache_valid 200 1h;
      proxy_cache_lock on;
      proxy_cache_lock_age 1h;
      proxy_cache_lock_timeout 1h;
    }
  }`;
  return startNginxServer({ directory, url: `http://${address}`, readyPort, http });
}
