import { startFresh } from './contenders.ts';
import { startDockerRegistry } from './dockerRegistry.ts';
import { pushImage, type PushedImage } from './image.ts';

/** What the upstream was asked for and sent. */
export interface UpstreamTraffic {
  readonly requests: number;
  readonly bytes: number;
}

/** The registry that the contenders stand before. Disposing of it stops it and removes what it holds. */
export interface BenchUpstream extends AsyncDisposable {
  readonly url: string;
  readonly image: PushedImage;
  /**
   * The GETs of the large layer so far. They are counted in the registry's own access log: a counting
   * stand before it would be what limits a cold pull.
   */
  readonly largeLayerTraffic: () => Promise<UpstreamTraffic>;
}

/** Starts a registry and pushes the image to it. */
export async function startBenchUpstream(largeLayerBytes: number): Promise<BenchUpstream> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startFresh((directory) => startDockerRegistry(directory)));
  const image = await pushImage(server.url, largeLayerBytes);
  const running = stack.move();
  return {
    url: server.url,
    image,
    largeLayerTraffic: async () => trafficOf(await server.log(), image.largeLayer),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Reads an access log in Apache's combined format, in which the size follows the status. */
function trafficOf(log: string, path: string): UpstreamTraffic {
  const pattern = /"GET (\S+) HTTP\/1\.1" 2\d\d (\d+) /g;
  const sizes = [...log.matchAll(pattern)].filter((match) => match[1] === path);
  return {
    requests: sizes.length,
    bytes: sizes.reduce((sum, match) => sum + Number(match[2]), 0),
  };
}
