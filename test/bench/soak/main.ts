/**
 * A mixed load on a mirror whose store is bounded: `node test/bench/soak/main.ts [--minutes N] [--json FILE]`.
 *
 * It prints what the mirror holds each minute, and in the end how that grew. Nothing passes or fails by it.
 */
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDockerRegistry } from '../contenders/dockerRegistry.ts';
import { startMirror, type MirrorServer } from '../contenders/mirror.ts';
import { startFresh } from '../contenders/startFresh.ts';
import { pushImage, type PushedImage } from '../image.ts';
import { describeMachine } from '../machine.ts';
import { missingPrograms } from '../missingPrograms.ts';
import { runMixedLoad, type LoadCounts } from './mixedLoad.ts';
import { growthOf, takeSample, type Held, type Sample } from './sample.ts';

const usage = `Usage: node test/bench/soak/main.ts [--minutes N] [--rate N] [--json FILE]

  --minutes N  (default: 60)
  --rate N     requests begun in a second (default: 100)
  --json FILE  writes all figures too
  --help       this text
`;
const images = 120;
const layerSizes = [20_000, 200_000, 1_000_000, 4_000_000];
// Less than half of what the images have.
const maxSize = '250MB';
const held: readonly Held[] = ['rss', 'heapUsed', 'external', 'openFiles'];

interface Soak {
  readonly minutes: number;
  readonly rate: number;
  readonly signal: AbortSignal;
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '100' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(usage.trimEnd());
  const missing = missingPrograms(['docker-registry']);
  if (missing !== undefined) throw new Error(missing);
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interrupted.abort());
  }
  const { signal } = interrupted;
  const soak = { minutes: Number(values.minutes), rate: Number(values.rate), signal };
  await using upstream = await startFresh((directory) => startDockerRegistry(directory));
  const pushed = await pushImages(upstream.url);
  await using root = await mkdtempDisposable(join(tmpdir(), 'pullthrough-soak-'));
  const settings = {
    storage: { directory: join(root.path, 'data'), maxSize, minFree: '0' },
    upstreams: [{ host: 'docker.io', url: upstream.url, tagFreshness: '5s' }],
  };
  await using mirror = await startMirror(root.path, upstream.url, { settings });
  const { samples, counts } = await measure(mirror, pushed, soak);
  const growth = Object.fromEntries(held.map((what) => [what, growthOf(samples, what)]));
  for (const what of held) {
    const { slopePerHour, lastLessFirst } = growthOf(samples, what);
    const unit = what === 'openFiles' ? '' : ' MB';
    const change = `${signed(slopePerHour)}${unit} an hour in the second half`;
    say(`${what}: ${change}, last quarter ${signed(lastLessFirst)}${unit} to the first`);
  }
  if (values.json === undefined) return;
  const report = {
    machine: describeMachine(),
    ...soak,
    signal: undefined,
    counts,
    growth,
    samples,
  };
  await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
}

async function pushImages(url: string): Promise<PushedImage[]> {
  const pushed: PushedImage[] = [];
  for (let number = 0; number < images; number += 1) {
    pushed.push(await pushImage(url, { repository: `soak/image-${number}`, layerSizes }));
  }
  return pushed;
}

/** Takes a sample each minute; in a soak of a few minutes more often. */
async function measure(
  mirror: MirrorServer,
  pushed: readonly PushedImage[],
  { minutes, rate, signal }: Soak,
): Promise<{ samples: Sample[]; counts: LoadCounts }> {
  const counts: LoadCounts = { asked: 0, failed: 0, lastFailure: undefined };
  const done = new AbortController();
  const over = AbortSignal.any([signal, done.signal]);
  const options = { url: mirror.url, images: pushed, perSecond: rate, signal: over };
  const loading = runMixedLoad(options, counts);
  const count = Math.max(20, Math.round(minutes));
  const samples: Sample[] = [];
  const begun = performance.now();
  try {
    for (let number = 1; number <= count && !signal.aborted; number += 1) {
      const minute = (number * minutes) / count;
      await sleep(begun + minute * 60_000 - performance.now(), undefined, { signal });
      samples.push(await takeSample(mirror, minute));
      say(lineOf(samples, counts));
    }
  } finally {
    done.abort();
    await loading;
  }
  return { samples, counts };
}

function lineOf(samples: readonly Sample[], { asked, failed, lastFailure }: LoadCounts): string {
  const [before, sample] = [samples.at(-2), samples.at(-1)];
  if (sample === undefined) return '';
  const { minute, rss, heapUsed, external, openFiles } = sample;
  const seconds = (minute - (before?.minute ?? 0)) * 60;
  const cores = (sample.cpu - (before?.cpu ?? 0)) / seconds;
  const sizes = `RSS ${rss.toFixed(1)} MB, heap ${heapUsed.toFixed(1)}, external ${external.toFixed(1)}`;
  const requests = `${asked} asked, ${failed} failed${lastFailure === undefined ? '' : ` (${lastFailure})`}`;
  return `${minute.toFixed(1)} min: ${sizes}, ${openFiles} files; ${cores.toFixed(2)} cores; ${requests}`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await run();
