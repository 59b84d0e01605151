import type { PushedImage } from '../image.ts';
import { accept } from './accept.ts';
import { BodyClients } from './bodyClients.ts';

const layersAtOnce = 3;

/**
 * Pulls an image as dockerd does: the greeting, the manifest, then config and layers, three layers at a time,
 * over connections that are kept. Resolves with the seconds that it took, connecting included.
 */
export async function pullImage(url: string, image: PushedImage): Promise<number> {
  using clients = new BodyClients(url);
  const begun = performance.now();
  await clients.get('/v2/');
  await clients.get(image.manifestByTag.path, { headers: { accept } });
  const left = [...image.layers];
  const pullLayers = async (): Promise<void> => {
    for (let layer = left.shift(); layer !== undefined; layer = left.shift()) {
      await clients.get(layer.path);
    }
  };
  const pullers = Array.from({ length: layersAtOnce }, pullLayers);
  await Promise.all([clients.get(image.config.path), ...pullers]);
  return (performance.now() - begun) / 1000;
}
