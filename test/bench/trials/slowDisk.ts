import { setTimeout as sleep } from 'node:timers/promises';
import { figuresOf, type Figure } from '../figure.ts';
import { startColdReaders } from '../slowDisk/coldReaders.ts';
import { watchHits, type Hit, type Waits } from '../slowDisk/hitWatch.ts';
import { whyNoSlowDisk } from '../slowDisk/slowDisk.ts';
import { startSlowDiskMirror, type SlowDiskMirror } from '../slowDisk/slowDiskMirror.ts';
import { spreadOf } from '../report/spread.ts';
import { LeftOut, type Trial, type TrialSetting } from '../trial.ts';

const bytesPerSecond = 5_000_000;
const turns = 3;
const secondsEach = 3;
const readerCounts = [1, 5, 20];

type Watched = Map<Hit, Waits>;

/**
 * How long clients wait for what is in memory while others download what a disk of 5 MB/s has to read
 * first, and without those, in turns.
 */
export const slowDisk: Trial = {
  name: 'slow-disk',
  needs: ['docker-registry'],
  once: true,
  quick: false,
  run: async (setting) => {
    const reason = await whyNoSlowDisk();
    if (reason !== undefined) throw new LeftOut(reason);
    await using mirror = await startSlowDiskMirror(setting.upstream);
    const figures: Figure[] = [];
    for (const readers of readerCounts) {
      figures.push(...(await compareWaits(setting, mirror, readers)));
    }
    return figuresOf('mirror', figures);
  },
};

async function compareWaits(
  { signal, progress }: TrialSetting,
  mirror: SlowDiskMirror,
  readers: number,
): Promise<Figure[]> {
  const alone: Watched[] = [];
  const beside: Watched[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    signal.throwIfAborted();
    alone.push(await watchHits(mirror.server.url, mirror.hits, secondsEach));
    beside.push(await watchBeside(mirror, readers, progress));
  }
  const work = `slow disk, ${readers} ${readers === 1 ? 'reader' : 'readers'} of cold files`;
  return figuresOfWaits(work, mirror.hits, { alone, beside });
}

/** Waits while so many clients read what has to come from the disk. */
async function watchBeside(
  mirror: SlowDiskMirror,
  readers: number,
  progress: (line: string) => void,
): Promise<Watched> {
  const { server, disk, coldPaths } = mirror;
  await mirror.forget();
  await disk.slowDown(server.pid, bytesPerSecond);
  let failure: unknown;
  try {
    using cold = startColdReaders(server.url, coldPaths, readers, (error) => {
      failure = error;
    });
    const begun = performance.now();
    const watched = await watchHits(server.url, mirror.hits, secondsEach);
    const seconds = (performance.now() - begun) / 1000;
    if (failure !== undefined) throw failure;
    progress(`  ${readers} cold: ${(cold.bytes() / seconds / 1e6).toFixed(1)} MB/s`);
    return watched;
  } finally {
    await disk.speedUp();
    // What the kernel was asked for is read to its end.
    await sleep(500);
  }
}

function figuresOfWaits(
  work: string,
  hits: readonly Hit[],
  { alone, beside }: { readonly alone: readonly Watched[]; readonly beside: readonly Watched[] },
): Figure[] {
  const median = (turnsOf: readonly Watched[], hit: Hit, of: keyof Waits): number =>
    spreadOf(turnsOf.flatMap((watched) => watched.get(hit)?.[of] ?? [])).median;
  const figure = (measure: string, value: number): Figure => ({ work, measure, unit: 'ms', value });
  const most = (of: keyof Waits): number =>
    Math.max(...hits.map((hit) => median(beside, hit, of) - median(alone, hit, of)));
  return [
    figure('most added to the longest wait for a hit', most('longest')),
    figure('most added to the p99 of a hit', most('p99')),
    ...hits.flatMap((hit) => [
      figure(`${hit.name}, longest wait`, median(beside, hit, 'longest')),
      figure(`${hit.name}, longest wait without them`, median(alone, hit, 'longest')),
    ]),
  ];
}
