import { fetchOnce } from './clients.ts';
import { startFresh, type Contender } from './contenders.ts';
import type { ContenderFigure, Figure } from './figure.ts';
import type { Scale } from './scale.ts';
import type { Server } from './server.ts';
import { startBenchUpstream, type BenchUpstream } from './upstream.ts';
import { measureDownload, measureMemory, warmUp, warmWork, type WorkSetting } from './work.ts';

/** What a run is told. */
export interface RunOptions {
  readonly scale: Scale;
  readonly contenders: readonly Contender[];
  /** Ends the run: it rejects as soon as everything is stopped and removed. */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

type Run = RunOptions & { readonly upstream: BenchUpstream };

/** Measures all contenders in all rounds, in turns: who goes first changes from round to round. */
export async function measureAll(options: RunOptions): Promise<ContenderFigure[]> {
  const { scale, progress, signal } = options;
  progress(
    `pushing an image with a layer of ${Math.round(scale.blobBytes / 1e6)} MB to the upstream`,
  );
  await using upstream = await startBenchUpstream(scale.blobBytes);
  const figures: ContenderFigure[] = [];
  for (let round = 1; round <= scale.rounds; round += 1) {
    signal.throwIfAborted();
    const contenders = round % 2 === 1 ? options.contenders : [...options.contenders].toReversed();
    const run = { ...options, contenders, upstream };
    progress(`round ${round} of ${scale.rounds}: warm`);
    figures.push(...(await measureWarm(run)));
    for (const clients of [1, 20]) {
      progress(`round ${round} of ${scale.rounds}: cold, clients: ${clients}`);
      figures.push(...(await measureCold(run, clients)));
    }
  }
  return figures;
}

/** Both servers run, and are asked one at a time. */
async function measureWarm(run: Run): Promise<ContenderFigure[]> {
  await using stack = new AsyncDisposableStack();
  const running: { contender: Contender; server: Server }[] = [];
  for (const contender of run.contenders) {
    const server = stack.use(await start(run, contender));
    await warmUp(setting(run, server));
    running.push({ contender, server });
  }
  const figures: ContenderFigure[] = [];
  for (const work of warmWork) {
    for (const { contender, server } of running) {
      figures.push(...of(contender, await work(setting(run, server))));
    }
  }
  for (const { contender, server } of running) {
    figures.push(...of(contender, [await measureMemory('warm, all of the above', server)]));
  }
  return figures;
}

async function measureCold(run: Run, clients: number): Promise<ContenderFigure[]> {
  const figures: ContenderFigure[] = [];
  for (const contender of run.contenders) {
    figures.push(...of(contender, await coldDownload(run, contender, clients)));
  }
  return figures;
}

/**
 * A server that holds nothing is asked for the manifest, as clients do, and then by all of them for the
 * blob. It is stopped when they are done: docker-registry, which fetches what it keeps by a GET of its
 * own, may not have all of it by then, and what is left of that GET is in none of the figures.
 */
async function coldDownload(run: Run, contender: Contender, clients: number): Promise<Figure[]> {
  const work = `cold large blob, ${clients === 1 ? '1 client' : `${clients} clients at once`}`;
  const { upstream, signal } = run;
  const before = await upstream.largeLayerTraffic();
  const figures: Figure[] = [];
  {
    await using server = await start(run, contender);
    await fetchOnce(server.url + upstream.image.manifestByTag, signal);
    const { seconds, cpu } = await measureDownload(work, setting(run, server), clients, 1);
    figures.push({ work, measure: 'last client done', unit: 's', value: seconds }, cpu);
    figures.push(await measureMemory(work, server));
  }
  // The upstream logs a request when it is over, which those of a stopped server are.
  const after = await upstream.largeLayerTraffic();
  const requests = after.requests - before.requests;
  const gigabytes = (after.bytes - before.bytes) / 1e9;
  figures.push({ work, measure: 'asked upstream', unit: 'GETs', value: requests });
  figures.push({ work, measure: 'from upstream', unit: 'GB', value: gigabytes });
  return figures;
}

function start({ upstream }: Run, contender: Contender): Promise<Server> {
  return startFresh((directory) => contender.start(directory, upstream.url));
}

function setting({ scale, signal, upstream }: Run, server: Server): WorkSetting {
  return { scale, signal, image: upstream.image, server };
}

function of({ name }: Contender, figures: readonly Figure[]): ContenderFigure[] {
  return figures.map((figure) => ({ ...figure, contender: name }));
}
