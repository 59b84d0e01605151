/**
 * Random histories of a cache, against a model of what it may and must hold. The same ones each time; for
 * others and more of them:
 *
 *     CACHE_MODEL_SEED=7 CACHE_MODEL_RUNS=500 node --test --test-timeout=0 test/upkeep/model/cacheModel.trial.ts
 *
 * A failure is shrunk and printed with its seed and path; `CACHE_MODEL_PATH` goes there at once.
 */
import { test } from 'node:test';
import { assert, asyncProperty, constantFrom } from 'fast-check';
import { lastFirst } from '../../support/lifetime.ts';
import { playHistory } from './cacheModelPlay.ts';
import { bounds, history } from './cacheModelSteps.ts';

const { CACHE_MODEL_SEED: seed = '1', CACHE_MODEL_RUNS: runs = '60' } = process.env;
const { CACHE_MODEL_PATH: path } = process.env;

test('whatever happens to a cache, it holds what it should and no more than it may', async () => {
  const property = asyncProperty(constantFrom(...bounds), history, async (maxSize, steps) => {
    const cleanUps: Array<() => void | Promise<void>> = [];
    const lifetime = lastFirst({ after: (cleanUp) => cleanUps.push(cleanUp) });
    try {
      await playHistory(lifetime, maxSize, steps);
    } finally {
      for (const cleanUp of cleanUps) await cleanUp();
    }
  });
  await assert(property, {
    seed: Number(seed),
    numRuns: Number(runs),
    ...(path === undefined ? {} : { path }),
  });
});
