import { figuresOf, type ContenderFigure, type ContenderName, type Figure } from '../figure.ts';
import { clientLoad } from '../load/clientLoad.ts';
import { load, type WrkLoad } from '../load/wrk.ts';
import type { Trial } from '../trial.ts';
import type { PushedImage } from '../image.ts';

const names: readonly ContenderName[] = [
  'mirror',
  'docker-registry',
  'fastify',
  'nginx',
  'nginx-cache',
];

const works: readonly (readonly [string, (image: PushedImage) => { readonly path: string }])[] = [
  ['warm manifest by tag', (image) => image.manifestByTag],
  ['warm manifest by digest', (image) => image.manifestByDigest],
  ['warm config blob of 1 kB', (image) => image.config],
];

/** Small answers that are held, over 32 connections. */
export const warmSmall: Trial = {
  name: 'warm-small',
  needs: ['wrk'],
  warm: true,
  quick: true,
  run: async ({ upstream, scale, signal, progress, warmed }) => {
    const servers = await warmed(names);
    const order = { connections: 32, seconds: scale.loadSeconds };
    const { manifestByDigest, config } = upstream.small;
    for (const { server } of servers) {
      // Else the first work of all would be done by code that the engine has not compiled yet.
      const urls = [server.url + manifestByDigest.path, server.url + config.path] as const;
      await load({ ...order, urls, seconds: 1 }, signal);
    }
    const figures: ContenderFigure[] = [];
    for (const [title, contentOf] of works) {
      const work = `${title}, 32 connections`;
      const { path } = contentOf(upstream.small);
      for (const { name, server } of servers) {
        const answers = await load({ urls: [server.url + path], ...order }, signal);
        figures.push(...figuresOf(name, describe(work, answers)));
        progress(`  ${work}, ${name}: ${answers.perSecond.toFixed(0)} req/s`);
      }
    }
    return figures;
  },
};

function describe(work: string, answers: WrkLoad): Figure[] {
  return [
    { work, measure: 'requests', unit: 'req/s', value: answers.perSecond },
    { work, measure: 'median latency', unit: 'ms', value: answers.medianSeconds * 1000 },
    { work, measure: 'p99 latency', unit: 'ms', value: answers.p99Seconds * 1000 },
    { work, measure: clientLoad, unit: 'cores', value: answers.clientCores },
  ];
}
