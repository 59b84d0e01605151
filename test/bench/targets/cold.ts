import type { Target } from '../target.ts';

const fifty = 'cold blob, 50 clients at once';
const one = 'cold large blob, 1 client';
const gigabit = 'cold large blob over 1 Gbit/s, 1 client';
const layers = 'cold image of 40 small layers over 50 ms';
const hundred = '100 clients on large blobs, 20 of them slow';

/** What is to be reached where something is fetched first, and besides. */
export const coldTargets: readonly Target[] = [
  { group: 'cold, 50 clients', work: fifty, measure: 'asked upstream', to: 'value', atMost: 1 },
  {
    group: 'cold, 50 clients',
    work: fifty,
    measure: 'last client done',
    to: 'docker-registry',
    atMost: 0.3,
  },
  {
    group: 'cold, 1 client',
    work: one,
    measure: 'last client done',
    to: 'docker-registry',
    atMost: 0.8,
  },
  {
    group: 'cold, 1 client',
    work: one,
    measure: 'first byte',
    to: 'direct',
    by: 'difference',
    atMost: 20,
  },
  { group: 'cold, 1 Gbit/s', work: gigabit, measure: 'done', to: 'direct', atMost: 1.05 },
  {
    group: 'cold, 50 ms',
    work: `${layers}, the first`,
    measure: 'done',
    to: 'direct',
    atMost: 1.1,
  },
  {
    group: 'cold, 50 ms',
    work: `${layers}, one after another`,
    measure: 'done',
    to: 'direct',
    atMost: 1.1,
  },
  { group: 'memory', work: 'nothing', measure: 'idle RSS', to: 'value', atMost: 110 },
  ...['cold', 'warm'].map((state): Target => {
    const work = `${hundred}, ${state}`;
    return { group: 'memory', work, measure: 'peak RSS above idle', to: 'value', atMost: 120 };
  }),
  { group: 'scale', work: '100,000 blobs held', measure: 'start', to: 'value', atMost: 2 },
  ...['manifest by tag', 'manifest by digest', 'small blob'].map((hit): Target => {
    const measure = `${hit}, slower than with 500`;
    return { group: 'scale', work: '100,000 blobs held', measure, to: 'value', atMost: 5 };
  }),
  {
    group: 'slow disk',
    work: 'slow disk, 1 reader of cold files',
    measure: 'most added to the longest wait for a hit',
    to: 'value',
    atMost: 20,
  },
];
