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
import type { LargeStoreScale } from './largeStoreImages.ts';
import { startLargeStoreMirror, type LargeStoreMirror } from './largeStoreMirror.ts';
import { describeWatched, measureUpkeep } from './largeStoreUpkeep.ts';
import { watch } from './largeStoreWatch.ts';
import { compareHits, pathsOf } from './largeStoreHits.ts';
import { describeMachine } from './machine.ts';
import { missingPrograms } from './missingPrograms.ts';
import { runWithin } from './runWithin.ts';
import { wholeNumber } from './wholeNumber.ts';

const usage = `Usage: node test/bench/largeStore.ts [--blobs N] [--tags N] [--rounds N] [--seconds N]

  --blobs N    of all kinds, manifests included (default: 100000)
  --tags N     (default: 20000)
  --rounds N   in which hits on both stores are measured (default: 12)
  --seconds N  of each measurement of hits (default: 1)
  --help       this text

It gives up after 10 minutes.
`;
const minutesAtMost = 10;
const evicted = 10_000;
const layerRepository = 'library/large';

function parseOptions() {
  const options = {
    blobs: { type: 'string', default: '100000' },
    tags: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  } as const;
  return parseArgs({ options }).values;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
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
    const rounds = wholeNumber('rounds', options.rounds);
    const seconds = wholeNumber('seconds', options.seconds);
    const compared = await compareHits(
      { url: large.url, paths },
      { url: small.url, paths: pathsOf(few) },
      { rounds, seconds, signal },
    );
    for (const { title, large: of, small: to, ratio } of compared) {
      say(
        `hit, ${title}: ${of.toFixed(0)} req/s, small store ${to.toFixed(0)}; ` +
          `ratio ${ratio.median.toFixed(3)} (${ratio.least.toFixed(3)}–${ratio.greatest.toFixed(3)})`,
      );
    }
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
    const what = `eviction of ${gone ?? '?'} blobs for a layer of ${layer.size} bytes`;
    say(describeWatched(what, watched));
  }
  await using mirror = await start('large');
  signal.throwIfAborted();
  await measureUpkeep(mirror, paths.byTag, say);
}

await runWithin(minutesAtMost, run);
