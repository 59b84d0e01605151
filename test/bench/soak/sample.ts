import type { MirrorServer } from '../contenders/mirror.ts';
import { cpuSeconds, residentMemory } from '../processUsage.ts';
import { spreadOf } from '../report/spread.ts';

/** What a process holds at a moment. Sizes are in MB. */
export interface Sample {
  /** Minutes since the load began. */
  readonly minute: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly openFiles: number;
  /** CPU seconds since it was started. */
  readonly cpu: number;
}

/** What is looked at for whether it grows. */
export type Held = 'rss' | 'heapUsed' | 'external' | 'openFiles';

/** Whether something grows. */
export interface Growth {
  /** By least squares over the second half, in an hour. */
  readonly slopePerHour: number;
  /** The median of the last quarter less that of the first one after the warm-up, which is a tenth. */
  readonly lastLessFirst: number;
}

/** Reads what the mirror says of itself, and the kernel of it. */
export async function takeSample({ pid, opsUrl }: MirrorServer, minute: number): Promise<Sample> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const metric = (name: string): number => {
    const [, value] = new RegExp(`^${name}(?:\\{\\})? ([\\d.e+]+)$`, 'm').exec(text) ?? [];
    return Number(value);
  };
  return {
    minute,
    rss: (await residentMemory(pid)) / 1e6,
    heapUsed: metric('nodejs_heap_size_used_bytes') / 1e6,
    external: metric('nodejs_external_memory_bytes') / 1e6,
    openFiles: metric('process_open_fds'),
    cpu: await cpuSeconds(pid),
  };
}

/** Of samples in order of time. */
export function growthOf(samples: readonly Sample[], what: Held): Growth {
  const warm = samples.slice(Math.ceil(samples.length / 10));
  const quarter = Math.max(1, Math.floor(warm.length / 4));
  const half = warm.slice(Math.floor(warm.length / 2));
  return {
    slopePerHour: slopeOf(half.map((sample) => [sample.minute / 60, sample[what]] as const)),
    lastLessFirst:
      medianOf(warm.slice(-quarter).map((sample) => sample[what])) -
      medianOf(warm.slice(0, quarter).map((sample) => sample[what])),
  };
}

function slopeOf(points: ReadonlyArray<readonly [number, number]>): number {
  const [x, y] = [meanOf(points.map((point) => point[0])), meanOf(points.map((point) => point[1]))];
  const above = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const below = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return above / below;
}

function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
