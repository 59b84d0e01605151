import type { Target } from '../target.ts';

const counts = ['1 connection', '8 connections', '64 connections'];
const smallWorks = [
  'warm manifest by tag, 32 connections',
  'warm manifest by digest, 32 connections',
  'warm config blob of 1 kB, 32 connections',
];

/** What is to be reached where everything is held. */
export const warmTargets: readonly Target[] = [
  ...counts.flatMap((count) => plainBlob(`warm large blob, ${count}`)),
  ...counts.map((count) => blobOverTls(`warm large blob over TLS, ${count}`)),
  ...smallWorks.flatMap(small),
  {
    group: 'warm images',
    work: 'warm images of 5 small blobs, 32 connections',
    measure: 'images',
    to: 'docker-registry',
    atLeast: 20,
  },
];

function plainBlob(work: string): Target[] {
  const shared = { group: 'warm large blob', work, to: 'nginx' } as const;
  return [
    { ...shared, measure: 'throughput', atLeast: 1 },
    { ...shared, measure: 'server CPU', atMost: 1.2 },
  ];
}

function blobOverTls(work: string): Target {
  return { group: 'warm large blob', work, measure: 'throughput', to: 'nginx', atLeast: 0.8 };
}

function small(work: string): Target[] {
  const shared = { group: 'warm manifest and config', work } as const;
  return [
    { ...shared, measure: 'requests', to: 'docker-registry', atLeast: 50 },
    { ...shared, measure: 'requests', to: 'fastify', atLeast: 0.7 },
    {
      ...shared,
      measure: 'p99 latency',
      to: 'docker-registry',
      toMeasure: 'median latency',
      atMost: 1,
    },
  ];
}
