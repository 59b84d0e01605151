import { figuresOf, type ContenderFigure, type Figure } from '../figure.ts';
import { clientLoad } from '../load/clientLoad.ts';
import { load } from '../load/wrk.ts';
import type { Trial } from '../trial.ts';

/** Whole small images that are held: the manifest and each of its five blobs, in turn. */
export const warmImages: Trial = {
  name: 'warm-images',
  needs: ['wrk'],
  warm: true,
  quick: true,
  run: async ({ upstream, scale, signal, progress, warmed }) => {
    const { manifestByTag, config, layers } = upstream.small;
    const others = [config, ...layers];
    const work = `warm images of ${others.length} small blobs, 32 connections`;
    const figures: ContenderFigure[] = [];
    for (const { name, server } of await warmed(['mirror', 'docker-registry'])) {
      const urlOf = ({ path }: { path: string }) => server.url + path;
      const answers = await load(
        {
          urls: [urlOf(manifestByTag), ...others.map(urlOf)],
          connections: 32,
          seconds: scale.loadSeconds,
        },
        signal,
      );
      const value = answers.perSecond / (1 + others.length);
      const own: Figure[] = [
        { work, measure: 'images', unit: 'images/s', value },
        { work, measure: clientLoad, unit: 'cores', value: answers.clientCores },
      ];
      figures.push(...figuresOf(name, own));
      progress(`  ${work}, ${name}: ${value.toFixed(0)} images/s`);
    }
    return figures;
  },
};
