import { ImageSelector } from '../../../src/upkeep/imageSelector.ts';
import { UpkeepError } from '../../../src/upkeep/upkeepError.ts';
import { Warmer, type WarmerOptions } from '../../../src/upkeep/warming/warmer.ts';
import type {
  WarmingDone,
  WarmingEvent,
  WarmingFailed,
} from '../../../src/upkeep/warming/warming.ts';
import { startScene, type Scene, type SceneOptions } from '../../mirror/scene.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import type { TestMirror } from '../../support/testMirror.ts';

/** A Hub, a mirror before it, and what warms the mirror. */
export interface WarmScene extends Scene {
  readonly warmer: Warmer;
  /** Warms images, for linux/amd64 unless told otherwise; settles with all that was told but progress. */
  readonly warm: (images: readonly string[], ...platforms: string[]) => Promise<Told>;
}

/** What a warming told. */
export type Told = readonly Exclude<WarmingEvent, { kind: 'progress' }>[];

/** Starts an empty Hub, a mirror and a warmer that waits for nothing. */
export async function startWarmScene(t: Lifetime, options: SceneOptions = {}): Promise<WarmScene> {
  const scene = await startScene(t, options);
  const warmer = createWarmer(scene.mirror, { offline: options.offline ?? false });
  return { ...scene, warmer, warm: (images, ...platforms) => told(warmer, images, platforms) };
}

/** A warmer of this mirror that waits for nothing. */
export function createWarmer(
  { mirror, store }: TestMirror,
  changes: Partial<WarmerOptions> = {},
): Warmer {
  return new Warmer({
    mirror,
    blobs: store.blobs,
    selector: new ImageSelector(mirror.upstreams),
    offline: false,
    retryDelays: [0, 0],
    monotonicNow: () => performance.now(),
    ...changes,
  });
}

async function told(
  warmer: Warmer,
  images: readonly string[],
  platforms: readonly string[],
): Promise<Told> {
  const events: Told[number][] = [];
  const wanted = platforms.length === 0 ? ['linux/amd64'] : platforms;
  for await (const event of warmer.warm({ images, platforms: wanted })) {
    if (event.kind !== 'progress') events.push(event);
  }
  return events;
}

/** Why each image failed that did. */
export function reasonsIn(events: Told): readonly string[] {
  return events
    .filter((event): event is WarmingFailed => event.kind === 'failed')
    .map(({ reason }) => reason);
}

/** The last event of a warming. */
export function doneIn(events: Told): WarmingDone {
  const last = events.at(-1);
  if (last?.kind === 'done') return last;
  throw new UpkeepError('failed', `the last event is ${last?.kind}`);
}
