import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestHex } from '../../src/registry/digest.ts';
import { startDockerRegistry } from './contenders/dockerRegistry.ts';
import {
  contentsOf,
  pushImage,
  type ImageOptions,
  type PushedContent,
  type PushedImage,
} from './image.ts';
import { trafficIn, type UpstreamTraffic } from './upstreamTraffic.ts';

/** Something that the upstream holds, and in which file. */
export interface StoredContent extends PushedContent {
  readonly file: string;
}

/** The registry that the contenders stand before. Disposing of it stops it and removes what it holds. */
export interface BenchUpstream extends AsyncDisposable {
  readonly url: string;
  /** An image with one large layer, its only one. */
  readonly large: PushedImage;
  /** An image of small layers. */
  readonly small: PushedImage;
  /** All that these two consist of. */
  readonly contents: readonly StoredContent[];
  /** Pushes another image. */
  readonly push: (options: ImageOptions) => Promise<PushedImage>;
  /**
   * The GETs of a path so far that are over, whoever sent them. They are counted in the registry's own
   * access log: a counting stand before it would be what limits a cold pull.
   */
  readonly traffic: (path: string) => Promise<UpstreamTraffic>;
}

// With the config five blobs, as small as those of an image that is pulled often are on the median.
const smallLayerSizes = [200, 1000, 4000, 16_000];

/** Starts a registry and pushes the images to it. */
export async function startBenchUpstream(largeLayerBytes: number): Promise<BenchUpstream> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await mkdtempDisposable(join(tmpdir(), 'pullthrough-bench-')));
  const server = stack.use(await startDockerRegistry(directory.path));
  const push = (options: ImageOptions) => pushImage(server.url, options);
  const large = await push({ repository: 'bench/large', layerSizes: [largeLayerBytes] });
  const small = await push({ repository: 'bench/small', layerSizes: smallLayerSizes });
  const contents = [...contentsOf(large), ...contentsOf(small)].map((content) => ({
    ...content,
    file: fileOf(directory.path, content),
  }));
  const running = stack.move();
  return {
    url: server.url,
    large,
    small,
    contents,
    push,
    traffic: async (path) => trafficIn(await server.log(), path),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Where docker-registry keeps content, manifests too. */
function fileOf(directory: string, { digest }: PushedContent): string {
  const hex = digestHex(digest);
  const blobs = join(directory, 'data/docker/registry/v2/blobs/sha256');
  return join(blobs, hex.slice(0, 2), hex, 'data');
}
