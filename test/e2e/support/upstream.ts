import type { Bench } from './bench.ts';
import { startCountingProxy } from './countingProxy.ts';
import { startDockerRegistry, type DockerRegistry, type Login } from './dockerRegistry.ts';

/** A registry that is asked through a counting stand, and pushed to behind it. */
export interface Upstream extends DockerRegistry {
  /** What was asked so far, as `GET /v2/…`; pushes are not among it. */
  readonly requests: readonly string[];
}

/** Starts a registry, with `login` one that demands it, and counts what it is asked. */
export async function startUpstream(bench: Bench, login?: Login): Promise<Upstream> {
  const registry = await startDockerRegistry(bench, login);
  const proxy = await startCountingProxy(bench, registry.url);
  return {
    url: proxy.url,
    requests: proxy.requests,
    push: registry.push,
    stop: async () => Promise.all([proxy.stop(), registry.stop()]),
  };
}
