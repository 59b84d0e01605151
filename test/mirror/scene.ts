import { StoreLayout } from '../../src/store/storeLayout.ts';
import type { HubSettings } from '../support/hub/hubSettings.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { lastFirst, type Lifetime } from '../support/lifetime.ts';
import { manualClock, type ManualClock } from '../support/manualClock.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { startMirror, type TestMirror, type TestMirrorOptions } from '../support/testMirror.ts';

/** The mirror and the Hub of one test. */
export interface SceneOptions extends TestMirrorOptions {
  readonly hub?: Partial<HubSettings>;
}

/** A scripted Hub and a mirror before it. */
export interface Scene {
  /** Both clocks of the mirror; the Hub goes by the real one. */
  readonly clock: ManualClock;
  readonly hub: ScriptedHub;
  readonly mirror: TestMirror;
  /** Stops the mirror and starts another one on its directory, as a new process would. */
  readonly restart: (changes?: TestMirrorOptions) => Promise<TestMirror>;
}

/** Starts an empty Hub and a mirror before it. */
export async function startScene(t: Lifetime, options: SceneOptions = {}): Promise<Scene> {
  const lifetime = lastFirst(t);
  const directory = options.directory ?? (await temporaryDirectory(lifetime));
  const clock = manualClock();
  const hub = await startHub(lifetime, options.hub);
  const whole: TestMirrorOptions = { now: clock, monotonicNow: clock, ...options, directory };
  const mirror = await startMirror(lifetime, hub, whole);
  const restart = async (changes: TestMirrorOptions = {}): Promise<TestMirror> => {
    await mirror.stop();
    return startMirror(lifetime, hub, { ...whole, ...changes });
  };
  return { clock, hub, mirror, restart };
}

/** Where the mirror keeps things. */
export function layoutOf({ directory }: TestMirror): StoreLayout {
  return new StoreLayout(directory);
}

/** How often something was reported. */
export function timesObserved({ observed }: TestMirror, what: string): number {
  return observed.filter((one) => one.what === what).length;
}
