import { download, fetchOnce, requestsPerSecond } from './clients.ts';
import type { Figure } from './figure.ts';
import type { PushedImage } from './image.ts';
import { cpuSeconds, peakMemory } from './processUsage.ts';
import type { Scale } from './scale.ts';
import type { Server } from './server.ts';

/** Where work is done and how much of it. */
export interface WorkSetting {
  readonly server: Server;
  readonly image: PushedImage;
  readonly scale: Scale;
  readonly signal: AbortSignal;
}

/** Something that a server is made to do while it is measured. */
export type Work = (setting: WorkSetting) => Promise<Figure[]>;

/** What a server does that holds the whole image. */
export const warmWork: readonly Work[] = [
  small('warm manifest by tag', (image) => image.manifestByTag),
  small('warm manifest by digest', (image) => image.manifestByDigest),
  small('warm config blob of 1 kB', (image) => image.config),
  large('warm large blob', 1),
  large('warm large blob', 8),
];

/** Has a server fetch what the warm work asks for. */
export async function warmUp({ server, image, signal }: WorkSetting): Promise<void> {
  const { largeLayer, config, manifestByTag, manifestByDigest } = image;
  for (const path of [manifestByTag, manifestByDigest, config]) {
    await fetchOnce(server.url + path, signal);
  }
  const once = { connections: 1, times: 1, bytes: image.largeLayerBytes };
  await download(server.url + largeLayer, once, signal);
}

/** Has `connections` clients at once download the large layer, `times` each. */
export async function measureDownload(
  work: string,
  { server, image, signal }: WorkSetting,
  connections: number,
  times: number,
): Promise<{ seconds: number; gigabytes: number; cpu: Figure }> {
  const bytes = image.largeLayerBytes;
  const before = await cpuSeconds(server.pid);
  const url = server.url + image.largeLayer;
  const seconds = await download(url, { connections, times, bytes }, signal);
  const gigabytes = (bytes * connections * times) / 1e9;
  const value = ((await cpuSeconds(server.pid)) - before) / gigabytes;
  return { seconds, gigabytes, cpu: { work, measure: 'server CPU', unit: 'CPU-s/GB', value } };
}

/** The most memory that the server has held until now. */
export async function measureMemory(work: string, { pid }: Server): Promise<Figure> {
  return { work, measure: 'peak RSS', unit: 'MB', value: (await peakMemory(pid)) / 1e6 };
}

function small(work: string, pathOf: (image: PushedImage) => string): Work {
  return async ({ server, image, scale, signal }) => {
    const url = server.url + pathOf(image);
    const value = await requestsPerSecond(url, scale.loadSeconds, signal);
    return [{ work, measure: '32 connections', unit: 'req/s', value }];
  };
}

function large(work: string, connections: number): Work {
  const title = `${work}, ${connections === 1 ? '1 connection' : `${connections} connections`}`;
  return async (setting) => {
    const times = setting.scale.downloads(connections);
    const { seconds, gigabytes, cpu } = await measureDownload(title, setting, connections, times);
    const value = gigabytes / seconds;
    return [{ work: title, measure: 'throughput', unit: 'GB/s', value }, cpu];
  };
}
