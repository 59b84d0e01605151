import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContenderFigure } from './figure.ts';
import { measureAll, type RunOptions } from './rounds.ts';
import { quickScale } from './scale.ts';
import { LeftOut, type Trial, type TrialSetting } from './trial.ts';
import type { BenchUpstream } from './upstream.ts';

const figure: ContenderFigure = {
  work: 'w',
  measure: 'm',
  unit: 's',
  value: 1,
  contender: 'mirror',
};

function trial(run: (setting: TrialSetting) => ContenderFigure[], more?: Partial<Trial>): Trial {
  return { name: 'a', needs: [], quick: true, run: async (setting) => run(setting), ...more };
}

function measure(trials: readonly Trial[], rounds = 1, more?: Partial<RunOptions>) {
  return measureAll({
    scale: { ...quickScale, rounds },
    trials,
    contenders: [],
    // None of these trials asks it for anything.
    upstream: {} as BenchUpstream,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...more,
  });
}

test('each figure is kept with its round, those of some trials from the first alone', async () => {
  const once = trial(() => [{ ...figure, work: 'once' }], { name: 'b', once: true });
  const { figures } = await measure([trial(() => [figure]), once], 2);
  assert.deepEqual(
    figures.map(({ work, round }) => [work, round]),
    [
      ['w', 1],
      ['once', 1],
      ['w', 2],
    ],
  );
});

test('in each two rounds each of two contenders goes first once', async () => {
  const orders: string[] = [];
  const takesTurns = trial(({ order }) => {
    orders.push(order(['a', 'b']).join(''));
    return [];
  });
  await measure([takesTurns], 4);
  assert.deepEqual(orders.toSorted(), ['ab', 'ab', 'ba', 'ba']);
  assert.notEqual(orders[0], orders[1]);
});

test('a trial that breaks costs its own figures alone, and is not tried again', async () => {
  let tried = 0;
  const breaks = trial(() => {
    tried += 1;
    throw new Error('no connection');
  });
  const { figures, missing } = await measure([breaks, trial(() => [figure], { name: 'b' })], 2);
  assert.equal(figures.length, 2);
  assert.equal(tried, 1);
  assert.deepEqual(missing, [{ trial: 'a', reason: 'no connection', failed: true }]);
});

test("a trial that can't be done here has not failed", async () => {
  const cannot = trial(() => {
    throw new LeftOut('only root may');
  });
  const { missing } = await measure([cannot]);
  assert.deepEqual(missing, [{ trial: 'a', reason: 'only root may', failed: false }]);
});

test('a trial is left out for a program that is not installed, with its name', async () => {
  const { figures, missing } = await measure([
    trial(() => [figure], { needs: ['no-such-program'] }),
  ]);
  assert.deepEqual(figures, []);
  assert.deepEqual(missing, [{ trial: 'a', reason: 'needs no-such-program', failed: false }]);
});

test('a run that is given up rejects instead of reporting a trial as broken', async () => {
  const signal = AbortSignal.abort(new Error('given up'));
  const breaks = trial(() => {
    throw new Error('killed');
  });
  await assert.rejects(measure([breaks], 1, { signal }), /given up/);
});
