import { test } from 'node:test';
import { whySkipped } from '../store/openDescriptors.ts';
import { fuzz } from './fuzzing.ts';

test(
  'twenty thousand malformed requests end in no 5xx, no crash and no open descriptor',
  { skip: whySkipped },
  (t) => fuzz(t, { requests: 20_000, ofEach: 5 }),
);
