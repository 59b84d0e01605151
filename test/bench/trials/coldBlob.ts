import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../contenders/contender.ts';
import { figuresOf, type ContenderFigure, type Figure } from '../figure.ts';
import type { PushedContent, PushedImage } from '../image.ts';
import { discard } from '../load/discard.ts';
import type { DiscardOrder } from '../load/discardOrder.ts';
import { peakMemory } from '../processUsage.ts';
import type { Trial, TrialSetting } from '../trial.ts';
import { startCold } from './coldStart.ts';
import { measureDownload } from './downloads.ts';

/** A large blob that a server doesn't hold, downloaded by one client; and from the upstream itself. */
export const coldBlob: Trial = {
  name: 'cold-blob',
  needs: ['docker-registry'],
  quick: true,
  run: async (setting) => {
    const figures: ContenderFigure[] = [];
    for (const contender of setting.contenders(['mirror', 'docker-registry', 'direct'])) {
      setting.signal.throwIfAborted();
      const image = setting.upstream.large;
      figures.push(
        ...(await measureCold(setting, contender, image, 1, 'cold large blob, 1 client')),
      );
    }
    return figures;
  },
};

/** The blob that only one is to fetch while many wait for it. */
export const coldClients: Trial = {
  name: 'cold-clients',
  needs: ['docker-registry'],
  quick: true,
  run: async (setting) => {
    // 50 times 1 GiB would take docker-registry, which fetches it 50 times, a minute and more.
    const bytes = setting.scale.name === 'quick' ? 64_000_000 : 200_000_000;
    const image = await setting.upstream.push({
      repository: 'bench/many-clients',
      layerSizes: [bytes],
    });
    const figures: ContenderFigure[] = [];
    for (const contender of setting.contenders(['mirror', 'docker-registry'])) {
      setting.signal.throwIfAborted();
      const work = 'cold blob, 50 clients at once';
      figures.push(...(await measureCold(setting, contender, image, 50, work)));
    }
    return figures;
  },
};

async function measureCold(
  setting: TrialSetting,
  contender: Contender,
  image: PushedImage,
  connections: number,
  work: string,
): Promise<ContenderFigure[]> {
  const { upstream, signal } = setting;
  const layer = layerOf(image);
  const figures: Figure[] = [];
  const before = await upstream.traffic(layer.path);
  {
    // docker-registry may not have kept all of it when its clients are done: what is left is in no figure.
    await using server = await startCold(setting, contender, image);
    const { path, bytes } = layer;
    const order: DiscardOrder = {
      url: server.url + path,
      connections,
      bytes,
      until: { times: 1 },
    };
    const direct = contender.name === 'direct';
    const done = direct
      ? { ...(await discard(order, signal)), usage: [] }
      : await measureDownload(work, server, order, signal);
    const last = Math.max(...done.doneSeconds);
    const first = Math.max(...done.firstByteSeconds) * 1000;
    figures.push({ work, measure: 'last client done', unit: 's', value: last });
    figures.push({ work, measure: 'first byte', unit: 'ms', value: first });
    figures.push(...done.usage);
    if (!direct) {
      const value = (await peakMemory(server.pid)) / 1e6;
      figures.push({ work, measure: 'peak RSS', unit: 'MB', value });
    }
  }
  // The upstream logs a request when it is over.
  await sleep(100);
  const after = await upstream.traffic(layer.path);
  const requests = after.requests - before.requests;
  figures.push({ work, measure: 'asked upstream', unit: 'GETs', value: requests });
  return figuresOf(contender.name, figures);
}

/** The only layer of an image. */
export function layerOf({ layers }: PushedImage): PushedContent {
  const [layer] = layers;
  if (layer === undefined) throw new Error('the image has a layer');
  return layer;
}
