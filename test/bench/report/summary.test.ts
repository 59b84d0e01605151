import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContenderName, RoundFigure } from '../figure.ts';
import { summarize } from './summary.ts';

const figure = (contender: ContenderName, round: number, value: number): RoundFigure => ({
  work: 'w',
  measure: 'm',
  unit: 'GB/s',
  contender,
  round,
  value,
});

test('a ratio is the median of those of each round, not that of the medians', () => {
  // The machine was slow in the second round, and in the third only after the mirror's turn.
  const figures = [
    figure('mirror', 1, 10),
    figure('nginx', 1, 5),
    figure('mirror', 2, 4),
    figure('nginx', 2, 2),
    figure('mirror', 3, 10),
    figure('nginx', 3, 2),
  ];
  const [result] = summarize(figures);
  assert.deepEqual(result?.figures.mirror, { median: 10, least: 4, greatest: 10 });
  assert.deepEqual(result?.ratios.nginx, { median: 2, least: 2, greatest: 5 });
});

test('what is taken twice in a round counts once, by its median', () => {
  const figures = [
    figure('mirror', 1, 1),
    figure('mirror', 1, 3),
    figure('nginx', 1, 2),
    figure('mirror', 2, 8),
  ];
  const [result] = summarize(figures);
  assert.deepEqual(result?.figures.mirror, { median: 5, least: 2, greatest: 8 });
  assert.deepEqual(result?.ratios.nginx, { median: 1, least: 1, greatest: 1 });
});

test('there is no ratio to 0, nor to who was measured in other rounds', () => {
  const figures = [figure('mirror', 1, 1), figure('nginx', 1, 0), figure('fastify', 2, 1)];
  assert.deepEqual(summarize(figures)[0]?.ratios, {});
});

test('more is better of what is done in a second, less of all else', () => {
  const units = ['req/s', 'GB/s', 'CPU-s/GB', 's', 'MB'] as const;
  const figures = units.map((unit) => ({ ...figure('mirror', 1, 1), measure: unit, unit }));
  const better = summarize(figures).map((result) => result.better);
  assert.deepEqual(better, ['more', 'more', 'less', 'less', 'less']);
});
