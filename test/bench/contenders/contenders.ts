import type { Contender } from './contender.ts';
import { startDirect } from './direct.ts';
import { startDockerRegistry } from './dockerRegistry.ts';
import { startFastify } from './fastify.ts';
import { startMirror } from './mirror.ts';
import { startNginx } from './nginx.ts';
import { startNginxCache } from './nginxCache.ts';

/** All that are compared: what the ratios are of, then what they are relative to. */
export const contenders: readonly Contender[] = [
  { name: 'mirror', needs: [], start: (directory, { url }) => startMirror(directory, url) },
  {
    name: 'docker-registry',
    needs: ['docker-registry'],
    start: (directory, { url }) => startDockerRegistry(directory, url),
  },
  {
    name: 'nginx',
    needs: ['nginx'],
    start: (directory, { contents }) => startNginx(directory, contents),
  },
  {
    name: 'nginx-cache',
    needs: ['nginx'],
    start: (directory, { url }) => startNginxCache(directory, url),
  },
  {
    name: 'fastify',
    needs: [],
    start: (directory, { contents }) => startFastify(directory, contents),
  },
  { name: 'direct', needs: [], start: (_directory, { url }) => startDirect(url) },
];
