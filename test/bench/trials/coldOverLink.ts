import { figuresOf, type ContenderFigure, type Figure } from '../figure.ts';
import { startLink } from '../link/link.ts';
import { discard } from '../load/discard.ts';
import { pullImage } from '../load/pullImage.ts';
import { cpuSeconds } from '../processUsage.ts';
import type { Trial } from '../trial.ts';
import { layerOf } from './coldBlob.ts';
import { startCold } from './coldStart.ts';

const gigabit = 125_000_000;
const roundTrip = 50;
const least = 20_000;
const most = 200_000;
const layers = 40;

/** A large blob over a link of 1 Gbit/s: through the mirror and without it. */
export const coldBlobOverLink: Trial = {
  name: 'cold-blob-link',
  needs: ['docker-registry'],
  quick: true,
  run: async (setting) => {
    const work = 'cold large blob over 1 Gbit/s, 1 client';
    const { upstream, signal } = setting;
    const { path, bytes } = layerOf(upstream.large);
    await using link = await startLink({ to: upstream.url, bytesPerSecond: gigabit });
    const figures: ContenderFigure[] = [];
    for (const contender of setting.contenders(['mirror', 'direct'])) {
      signal.throwIfAborted();
      await using server = await startCold(setting, contender, upstream.large, link.url);
      const before = await cpuSeconds(link.pid);
      const order = { url: server.url + path, connections: 1, bytes, until: { times: 1 } };
      const { seconds } = await discard(order, signal);
      const busy = ((await cpuSeconds(link.pid)) - before) / seconds;
      const figuresOfIt: Figure[] = [
        { work, measure: 'done', unit: 's', value: seconds },
        { work, measure: 'throughput', unit: 'GB/s', value: bytes / 1e9 / seconds },
        { work, measure: 'link process', unit: 'cores', value: busy },
      ];
      figures.push(...figuresOf(contender.name, figuresOfIt));
    }
    return figures;
  },
};

/** Images of many small layers over a long link: pulled as dockerd does, through the mirror and without it. */
export const coldImageOverLink: Trial = {
  name: 'cold-image-link',
  needs: ['docker-registry'],
  quick: true,
  run: async (setting) => {
    const { upstream, signal } = setting;
    const sizeOf = (index: number): number => Math.round(least + ((most - least) * index) / layers);
    const layerSizes = Array.from({ length: layers }, (_, index) => sizeOf(index));
    const first = await upstream.push({ repository: 'bench/many-layers-first', layerSizes });
    const next = await upstream.push({ repository: 'bench/many-layers-next', layerSizes });
    await using link = await startLink({ to: upstream.url, roundTrip });
    const figures: ContenderFigure[] = [];
    for (const contender of setting.contenders(['mirror', 'direct'])) {
      await using server = await startCold(setting, contender, upstream.small, link.url);
      // The second image finds the mirror's connections open; a client opens its own each time.
      for (const [which, image] of [
        ['the first', first],
        ['one after another', next],
      ] as const) {
        signal.throwIfAborted();
        const work = `cold image of ${layers} small layers over 50 ms, ${which}`;
        const value = await pullImage(server.url, image);
        figures.push(...figuresOf(contender.name, [{ work, measure: 'done', unit: 's', value }]));
      }
    }
    return figures;
  },
};
