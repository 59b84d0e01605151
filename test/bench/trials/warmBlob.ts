import { figuresOf, type ContenderFigure, type Figure } from '../figure.ts';
import { discard } from '../load/discard.ts';
import type { DiscardOrder } from '../load/discardOrder.ts';
import { peakMemory } from '../processUsage.ts';
import type { Trial, TrialSetting, WarmServer } from '../trial.ts';
import { countOf, measureDownload } from './downloads.ts';

/** A large blob that is held, sent again and again. */
export const warmBlob: Trial = {
  name: 'warm-blob',
  needs: [],
  warm: true,
  quick: true,
  run: async (setting) => {
    const servers = await setting.warmed(['mirror', 'docker-registry', 'nginx', 'nginx-cache']);
    const figures = await measureWarmBlob(setting, servers, 'warm large blob');
    for (const { name, server } of servers) {
      const value = (await peakMemory(server.pid)) / 1e6;
      const memory: Figure = { work: 'all warm work', measure: 'peak RSS', unit: 'MB', value };
      figures.push(...figuresOf(name, [memory]));
    }
    return figures;
  },
};

/** Has each of the servers send the large layer over one, several and many connections. */
export async function measureWarmBlob(
  { upstream, scale, signal, progress }: TrialSetting,
  servers: readonly WarmServer[],
  title: string,
): Promise<ContenderFigure[]> {
  const [layer] = upstream.large.layers;
  if (layer === undefined) throw new Error('the image has a layer');
  const figures: ContenderFigure[] = [];
  for (const connections of [1, 8, 64]) {
    const work = `${title}, ${countOf(connections, 'connection')}`;
    for (const { name, server } of servers) {
      const { path, bytes } = layer;
      const order: DiscardOrder = {
        url: server.url + path,
        connections,
        // One is busy all the time with so many connections to nginx, at 0.5 CPU-s/GB.
        processes: connections > 8 ? 2 : 1,
        bytes,
        until: { seconds: scale.downloadSeconds },
      };
      // What nobody reads for a minute may have to come from the disk or from the host of a virtual machine.
      await discard({ ...order, until: { seconds: 1 } }, signal);
      const download = await measureDownload(work, server, order, signal);
      const value = download.bytes / 1e9 / download.seconds;
      const throughput: Figure = { work, measure: 'throughput', unit: 'GB/s', value };
      figures.push(...figuresOf(name, [throughput, ...download.usage]));
      progress(`  ${work}, ${name}: ${value.toFixed(2)} GB/s`);
    }
  }
  return figures;
}
