/**
 * A mirror on a large store: `node test/bench/largeStore.ts [--blobs N] [--tags N]`.
 *
 * It makes a store, starts the program on it and prints how long the start takes, what a hit costs beside the
 * same program on a small store, and how long clients wait while the store is looked after. It needs no
 * network. Nothing here passes or fails by a figure.
 */
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { generatedBlob } from '../support/blobContent.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { writeLargeStore, type LargeStoreFigures } from './largeStoreFiles.ts';
import { largeStoreImages, type LargeStoreScale } from './largeStoreImages.ts';
import { startLargeStoreMirror, type LargeStoreMirror } from './largeStoreMirror.ts';
import { watch, type Watched } from './largeStoreWatch.ts';
import { load } from './load/wrk.ts';
import { describeMachine } from './machine.ts';
import { missingPrograms } from './missingPrograms.ts';

const usage = `Usage: node test/bench/largeStore.ts [--blobs N] [--tags N] [--rounds N] [--seconds N]

  --blobs N    of all kinds, manifests included (default: 100000)
  --tags N     (default: 20000)
  --rounds N   in which hits on both stores are measured (default: 5)
  --seconds N  of each measurement of hits (default: 2)
  --help       this text

It gives up after 10 minutes.
`;
const minutesAtMost = 10;
const evicted = 10_000;
const verified = 10_000;
const layerRepository = 'library/large';

interface Paths {
  readonly byTag: string;
  readonly byDigest: string;
  readonly blob: string;
}

function parseOptions() {
  const options = {
    blobs: { type: 'string', default: '100000' },
    tags: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  } as const;
  return parseArgs({ options }).values;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Where the first image of a store is found. */
function pathsOf(scale: LargeStoreScale): Paths {
  const [first] = largeStoreImages(scale);
  if (first === undefined) throw new Error('a store has at least one image');
  const { repository, tag, image } = first;
  const [blob] = image.blobs;
  return {
    byTag: `/v2/${repository}/manifests/${tag}`,
    byDigest: `/v2/${repository}/manifests/${image.manifest.digest}`,
    blob: `/v2/${repository}/blobs/${blob?.digest}`,
  };
}

/** Measures both in turns, and prints the ratio of each pair. */
async function compareHits(
  large: { readonly url: string; readonly paths: Paths },
  small: { readonly url: string; readonly paths: Paths },
  rounds: number,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  for (const kind of ['byTag', 'byDigest', 'blob'] as const) {
    const ratios: number[] = [];
    const rates = { large: new Array<number>(), small: new Array<number>() };
    for (let round = 0; round < rounds; round += 1) {
      const pair = [['large', large] as const, ['small', small] as const];
      for (const [name, { url, paths }] of round % 2 === 0 ? pair : pair.toReversed()) {
        const order = { urls: [url + paths[kind]], connections: 32, seconds } as const;
        rates[name].push((await load(order, signal)).perSecond);
      }
      ratios.push((rates.large[round] ?? 0) / (rates.small[round] ?? 1));
    }
    const title = { byTag: 'manifest by tag', byDigest: 'manifest by digest', blob: 'small blob' };
    say(
      `hit, ${title[kind]}: ${median(rates.large).toFixed(0)} req/s, small store ${median(rates.small).toFixed(0)}; ` +
        `ratio ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)}–${Math.max(...ratios).toFixed(3)})`,
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

function sayWatched(what: string, { seconds, longestAnswer, answers, longestLag }: Watched): void {
  say(
    `${what}: ${seconds.toFixed(2)} s; longest wait of ${answers} answers ${longestAnswer.toFixed(0)} ms, ` +
      `of the event loop ${longestLag.toFixed(0)} ms`,
  );
}

/** Asks the API for something and throws the answer away as it comes; gives its last line. */
async function askApi(
  { opsUrl }: LargeStoreMirror,
  method: 'GET' | 'POST',
  path: string,
  wanted?: object,
): Promise<string> {
  const body = wanted === undefined ? {} : { body: JSON.stringify(wanted) };
  const headers = wanted === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await request(`${opsUrl}/api/v1/${path}`, { method, headers, ...body });
  let tail = '';
  for await (const chunk of answer.body) tail = (tail + String(chunk)).slice(-2000);
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${tail}`);
  return tail;
}

/** Has so many blobs verified, and then leaves. */
async function verifySome({ opsUrl }: LargeStoreMirror): Promise<void> {
  const leaving = new AbortController();
  const answer = await fetch(`${opsUrl}/api/v1/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ restart: true }),
    signal: leaving.signal,
  });
  if (!answer.ok || answer.body === null) throw new Error(`verify: ${answer.status}`);
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    const blobs = /"blobs":(\d+)/.exec(chunk)?.[1];
    if (Number(blobs) >= verified) break;
  }
  leaving.abort();
}

async function measureUpkeep(mirror: LargeStoreMirror, path: string): Promise<void> {
  const at = { url: mirror.url, opsUrl: mirror.opsUrl, path };
  const measured = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    sayWatched(
      what,
      await watch(at, async () => {
        await work();
      }),
    );
  };
  await measured('nothing, for a second', () => new Promise((done) => setTimeout(done, 1000)));
  await measured('ls', () => askApi(mirror, 'GET', 'images'));
  await measured('du', () => askApi(mirror, 'GET', 'usage'));
  await measured(`verify of ${verified} blobs, and a few more`, () => verifySome(mirror));
  await measured('purge of a repository', () =>
    askApi(mirror, 'POST', 'purge', { images: ['team-1/service-1'], dryRun: false }),
  );
  await measured('gc', () => askApi(mirror, 'POST', 'gc', { dryRun: false }));
}

async function run(signal: AbortSignal): Promise<void> {
  const options = parseOptions();
  if (options.help) return say(usage);
  const missing = missingPrograms(['wrk']);
  if (missing !== undefined) throw new Error(missing);
  const scale = {
    blobs: Number(options.blobs),
    tags: Number(options.tags),
    repositories: 500,
    seed: 1,
  };
  const few = { blobs: 500, tags: 50, repositories: 5, seed: 1 };
  await using stack = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'pullthrough-large-store-'));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const machine = describeMachine();
  say(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`);
  const made = async (name: string, size: LargeStoreScale): Promise<LargeStoreFigures> => {
    await mkdir(join(root, name));
    const begun = performance.now();
    const figures = await writeLargeStore(join(root, name, 'data'), size, Date.now());
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    say(
      `${name} store: ${figures.blobs} blobs with ${figures.bytes} bytes, ${figures.tags} tags, ` +
        `${figures.memberships} memberships; made in ${seconds} s`,
    );
    return figures;
  };
  const figures = await made('large', scale);
  await made('small', few);
  const hub = await startHub();
  stack.defer(() => hub.stop());
  const upstream = {
    upstreamUrl: hub.registryUrl,
    trustedHosts: [new URL(hub.tokenUrl).host, new URL(hub.cdnUrl).host],
  };
  const paths = pathsOf(scale);
  const count = Math.min(evicted, Math.floor(scale.blobs / 4));
  const layer = generatedBlob({ size: figures.bytesOfOldest(count), seed: 'large layer' });
  hub.addImage(layerRepository, buildImage({ layers: [layer] }), { tags: ['latest'] });
  const start = (name: string, maxSize?: number): Promise<LargeStoreMirror> =>
    startLargeStoreMirror({
      ...upstream,
      directory: join(root, name),
      ...(maxSize === undefined ? {} : { maxSize }),
    });
  for (let time = 0; time < 3; time += 1) {
    await using mirror = await start('large');
    const { startSeconds, startCpuSeconds } = mirror;
    say(
      `start ${time + 1}: ready ${startSeconds.toFixed(2)} s after its process began, ` +
        `${startCpuSeconds.toFixed(2)} s of CPU time`,
    );
  }
  {
    await using large = await start('large');
    await using small = await start('small');
    const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)];
    const both = {
      large: { url: large.url, paths },
      small: { url: small.url, paths: pathsOf(few) },
    };
    await compareHits(both.large, both.small, rounds, seconds, signal);
  }
  {
    await using mirror = await start('large', figures.bytes);
    signal.throwIfAborted();
    const at = { url: mirror.url, opsUrl: mirror.opsUrl, path: paths.byTag };
    const watched = await watch(at, async () => {
      const answer = await request(`${mirror.url}/v2/${layerRepository}/blobs/${layer.digest}`);
      await answer.body.dump({ limit: Number.MAX_SAFE_INTEGER });
      if (answer.statusCode !== 200) throw new Error(`the layer: ${answer.statusCode}`);
    });
    const gone = /^pullthrough_\w*evict\w*\{[^}]*reason="size"[^}]*\} (\d+)/m.exec(
      await (await fetch(`${mirror.opsUrl}/metrics`)).text(),
    )?.[1];
    sayWatched(`eviction of ${gone ?? '?'} blobs for a layer of ${layer.size} bytes`, watched);
  }
  await using mirror = await start('large');
  signal.throwIfAborted();
  await measureUpkeep(mirror, paths.byTag);
}

const timeUp = AbortSignal.timeout(minutesAtMost * 60_000);
try {
  await run(timeUp);
} catch (error) {
  process.stderr.write(
    `${timeUp.aborted ? `not done in ${minutesAtMost} minutes\n` : ''}${String(error)}\n`,
  );
  process.exitCode = 1;
}
