import { readFile } from 'node:fs/promises';
import { StoreLayout } from '../../../src/store/storeLayout.ts';
import { startMirror, type MirrorServer } from '../contenders/mirror.ts';
import type { PushedContent, PushedImage } from '../image.ts';
import { BodyClients } from '../load/bodyClients.ts';
import type { BenchUpstream } from '../upstream.ts';
import type { Hit } from './hitWatch.ts';
import { makeSlowDisk, type SlowDisk } from './slowDisk.ts';

/** A mirror with its store on a slow disk. Disposing of it stops it. */
export interface SlowDiskMirror extends AsyncDisposable {
  readonly server: MirrorServer;
  readonly disk: SlowDisk;
  /** What it holds in memory, its own or the kernel's, however slow the disk is. */
  readonly hits: readonly Hit[];
  /** Layers of which it has nothing in memory after {@link forget}. */
  readonly coldPaths: readonly string[];
  /** Has the kernel forget those, and have in memory what the hits need of it. */
  readonly forget: () => Promise<void>;
}

const mebibyte = 1024 ** 2;
const coldLayers = 24;
const coldBytes = 32 * mebibyte;
const warmBytes = 64 * mebibyte;
const diskBytes = 1536 * mebibyte;
const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };

/** Has a mirror pull an image of layers that it is to forget, and one that it is to keep in memory. */
export async function startSlowDiskMirror(upstream: BenchUpstream): Promise<SlowDiskMirror> {
  await using stack = new AsyncDisposableStack();
  const disk = stack.use(await makeSlowDisk(diskBytes));
  const settings = {
    storage: { directory: `${disk.directory}/data`, minFree: '0' },
    upstreams: [{ host: 'docker.io', url: upstream.url, tagFreshness: '1h' }],
  };
  const layerSizes = Array.from({ length: coldLayers }, () => coldBytes);
  const cold = await upstream.push({ repository: 'bench/slow-disk', layerSizes });
  const warm = await upstream.push({ repository: 'bench/fast', layerSizes: [warmBytes] });
  const server = stack.use(await startMirror(disk.directory, upstream.url, { settings }));
  await pull(server.url, cold);
  await pull(server.url, warm);
  const layout = new StoreLayout(`${disk.directory}/data`);
  const running = stack.move();
  return {
    server,
    disk,
    hits: hitsOf(warm),
    coldPaths: cold.layers.map(({ path }) => path),
    forget: async () => {
      for (const { digest } of cold.layers) disk.forget(layout.blobFile(digest));
      // A machine may take single pages back that weren't read for a while. To read one of them anew takes as
      // long as all that the cold readers have asked the disk for.
      for (const { digest } of warm.layers) await readFile(layout.blobFile(digest));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function pull(url: string, image: PushedImage): Promise<void> {
  using clients = new BodyClients(url);
  await clients.get(image.manifestByTag.path, { headers: accept });
  for (const { path } of [image.config, ...image.layers]) await clients.get(path);
}

function hitsOf({ manifestByTag, config, layers }: PushedImage): Hit[] {
  const [large] = layers;
  if (large === undefined) throw new Error('an image has a layer');
  return [
    { name: 'manifest', path: manifestByTag.path, request: () => ({ headers: accept }) },
    { name: 'small blob', path: config.path },
    { name: '1 MiB of a large blob', path: large.path, request: () => pieceOf(large) },
  ];
}

/** A piece of 1 MiB somewhere in a blob. */
function pieceOf({ bytes }: PushedContent): { headers: Record<string, string> } {
  const start = Math.floor(Math.random() * (bytes - mebibyte));
  return { headers: { range: `bytes=${start}-${start + mebibyte - 1}` } };
}
