import type { Bench } from './bench.ts';
import { startDockerRegistry, type DockerRegistry, type Login } from './dockerRegistry.ts';
import { startFaultyProxy, type FaultyProxy } from './faultyProxy.ts';

/**
 * A registry that is asked through a stand which notes every request and breaks what it is told to.
 * Pushes go past it.
 */
export interface Upstream extends Omit<FaultyProxy, 'address'>, Pick<DockerRegistry, 'push'> {
  /** Ends it for good. */
  readonly stop: () => Promise<void>;
}

/** Starts a registry, with `login` one that demands it, and the stand before it. */
export async function startUpstream(bench: Bench, login?: Login): Promise<Upstream> {
  const registry = await startDockerRegistry(bench, login);
  const proxy = await startFaultyProxy(bench, registry.url);
  return {
    ...proxy,
    push: registry.push,
    async stop() {
      await Promise.all([proxy.close(), registry.stop()]);
    },
  };
}
