import { setTimeout as sleep } from 'node:timers/promises';
import { Chance } from '../../storm/chance.ts';
import type { PushedContent, PushedImage } from '../image.ts';
import { accept } from '../load/accept.ts';
import { BodyClient } from '../load/bodyClient.ts';
import { BodyClients } from '../load/bodyClients.ts';
import { pullImage } from '../load/pullImage.ts';

/** What was done so far. */
export interface LoadCounts {
  asked: number;
  failed: number;
  /** Why the last that failed did. */
  lastFailure: string | undefined;
}

/** What a load is made of. */
export interface LoadOptions {
  readonly url: string;
  readonly images: readonly PushedImage[];
  /** Begun in a second, whether those before are done or not; at most 64 are under way. */
  readonly perSecond: number;
  readonly signal: AbortSignal;
}

const underWayAtMost = 64;
// Of the images so many are asked for nine times of ten, so that the others are evicted and come again.
const usual = 20;

/** Asks for a bit of everything, at a steady rate, until it is aborted. */
export async function runMixedLoad(options: LoadOptions, counts: LoadCounts): Promise<void> {
  const { url, images, perSecond, signal } = options;
  using clients = new BodyClients(url);
  const chance = new Chance(1, 'soak');
  const underWay = new Set<Promise<void>>();
  const begun = performance.now();
  for (let number = 0; !signal.aborted; number += 1) {
    const due = begun + (number * 1000) / perSecond;
    if (due > performance.now()) await sleep(due - performance.now());
    if (underWay.size >= underWayAtMost) await Promise.race(underWay);
    const few = chance.whole(1, 10) > 1 ? images.slice(0, usual) : images;
    const work = askOne(url, clients, chance, chance.pick(few)).catch((error: unknown) => {
      counts.failed += 1;
      counts.lastFailure = String(error);
    });
    counts.asked += 1;
    underWay.add(work);
    void work.then(() => underWay.delete(work));
  }
  await Promise.all(underWay);
}

async function askOne(
  url: string,
  clients: BodyClients,
  chance: Chance,
  image: PushedImage,
): Promise<void> {
  const layer = chance.pick(image.layers);
  const kind = chance.whole(1, 100);
  const headers = { accept };
  if (kind <= 35) await clients.get(image.manifestByTag.path, { headers });
  else if (kind <= 60) await clients.get(image.manifestByDigest.path, { headers });
  else if (kind <= 75) await clients.get(image.config.path);
  else if (kind <= 85) await clients.get(layer.path, { method: 'HEAD' });
  else if (kind <= 92)
    await clients.get(layer.path, { headers: { range: rangeOf(layer, chance) } });
  else if (kind <= 96) await clients.get(layer.path);
  else if (kind <= 98) await pullImage(url, image);
  else await goAway(url, layer);
}

function rangeOf({ bytes }: PushedContent, chance: Chance): string {
  const start = chance.whole(0, bytes - 1);
  return `bytes=${start}-${chance.whole(start, bytes - 1)}`;
}

/** A client that leaves before it has everything. */
async function goAway(url: string, { path }: PushedContent): Promise<void> {
  using client = new BodyClient(url);
  const asked = client.get(path).catch(() => undefined);
  await Promise.race([asked, sleep(5)]);
}
