import type { Target } from '../target.ts';

const fifty = 'cold large blob, 50 clients at once';
const one = 'cold large blob, 1 client';

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
];
