import { Bench, type Task } from 'tinybench';
import { OwnLifetime } from '../../support/lifetime.ts';
import type { Part, PartWork } from './part.ts';

/** How long each work is done: milliseconds. */
export interface Pace {
  readonly warmUp: number;
  readonly measured: number;
}

/** What was measured of one work. Times are microseconds of doing it once. */
export interface PartFigure {
  readonly part: string;
  readonly work: string;
  readonly unit: 'op/s' | 'GB/s';
  /** In that unit, of the median. */
  readonly rate: number;
  /** The median absolute deviation, as a share of the median. */
  readonly spread: number;
  readonly median: number;
  /** Of what is done many times in one sample, the means of samples. */
  readonly p99: number;
  readonly samples: number;
}

/** Measures all works of a part, one after the other. */
export async function measurePart(
  part: Part,
  pace: Pace,
  signal: AbortSignal,
): Promise<PartFigure[]> {
  const lifetime = new OwnLifetime();
  try {
    const works = await part.works(lifetime);
    const figures: PartFigure[] = [];
    for (const work of works) figures.push(figureOf(part, work, await measure(work, pace, signal)));
    return figures;
  } finally {
    await lifetime.end();
  }
}

async function measure(work: PartWork, pace: Pace, signal: AbortSignal): Promise<Task> {
  const bench = new Bench({
    time: pace.measured,
    warmupTime: pace.warmUp,
    // By itself it takes at least 64 samples, be it of a tenth of a second each.
    iterations: 5,
    warmupIterations: 2,
    throws: true,
    signal,
  });
  const { before } = work;
  // It finds out itself whether a work is asynchronous, but without what has to come before.
  const options = before === undefined ? {} : { async: true, beforeEach: () => before() };
  bench.add(work.name, work.run, options);
  const [task] = await bench.run();
  signal.throwIfAborted();
  if (task === undefined) throw new Error('the task that was added is not there');
  return task;
}

function figureOf(part: Part, { name, times = 1, bytes }: PartWork, { result }: Task): PartFigure {
  if (result.state !== 'completed') throw new Error(`${name} ended as ${result.state}`);
  const { p50, mad, p99, samplesCount } = result.latency;
  const microseconds = (milliseconds: number) => (milliseconds * 1000) / times;
  const perSecond = (times * 1000) / p50;
  return {
    part: part.name,
    work: name,
    unit: bytes === undefined ? 'op/s' : 'GB/s',
    rate: bytes === undefined ? perSecond : (perSecond * bytes) / 1e9,
    spread: mad / p50,
    median: microseconds(p50),
    p99: microseconds(p99),
    samples: samplesCount,
  };
}
