import type { TestContext } from 'node:test';
import { onBench, type Bench } from './bench.ts';
import type { ClientSetting } from './client.ts';
import { clientSetting } from './clientSetting.ts';
import type { Login } from './dockerRegistry.ts';
import { startMirror, type Mirror, type MirrorOptions } from './mirror.ts';
import { startOutside, type Outside } from './outside.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** What a stage may be told; an open upstream and an anonymous mirror when absent. */
export interface StageOptions {
  /** The upstream demands this log-in. */
  readonly login?: Login;
  readonly mirror?: Omit<MirrorOptions, 'upstreamUrl'>;
}

/** An upstream, the mirror before it, and a world outside that nobody can reach unseen. */
export interface Stage {
  readonly bench: Bench;
  readonly upstream: Upstream;
  readonly mirror: Mirror;
  readonly outside: Outside;
  /** What a client of this mirror needs. */
  readonly client: ClientSetting;
}

/** Makes a test of what happens on a stage of its own. */
export function onStage(
  body: (stage: Stage) => Promise<void>,
  options: StageOptions = {},
): (context: TestContext) => Promise<void> {
  return onBench(async (bench) => {
    const upstream = await startUpstream(bench, options.login);
    const mirror = await startMirror(bench, { ...options.mirror, upstreamUrl: upstream.url });
    const outside = await startOutside(bench);
    const client = await clientSetting(bench, mirror, outside);
    await body({ bench, upstream, mirror, outside, client });
  });
}
