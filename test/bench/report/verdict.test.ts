import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContenderName, RoundFigure, Unit } from '../figure.ts';
import type { Target } from '../target.ts';
import { judge } from './verdict.ts';

const figure = (contender: ContenderName, measure: string, value: number, unit: Unit = 'ms') =>
  ({ work: 'w', measure, unit, contender, round: 1, value }) satisfies RoundFigure;

const figures = [
  figure('mirror', 'p99', 30),
  figure('nginx', 'p99', 20),
  figure('docker-registry', 'median', 60),
];

const cases: [string, Omit<Target, 'group' | 'work' | 'measure'>, number, string][] = [
  ['a ratio', { to: 'nginx', atMost: 1.5 }, 1.5, 'met'],
  ['a ratio that is missed', { to: 'nginx', atMost: 1.4 }, 1.5, 'not met'],
  ['a difference', { to: 'nginx', by: 'difference', atMost: 9 }, 10, 'not met'],
  ['a figure itself', { to: 'value', atLeast: 30 }, 30, 'met'],
  ['another measure', { to: 'docker-registry', toMeasure: 'median', atMost: 1 }, 0.5, 'met'],
];

for (const [title, bound, reached, expected] of cases) {
  test(`a target may be about ${title}`, () => {
    const target: Target = { group: 'g', work: 'w', measure: 'p99', ...bound };
    const [verdict] = judge([target], figures);
    assert.deepEqual([verdict?.reached?.median, verdict?.verdict], [reached, expected]);
  });
}

test('a target that nobody measured is neither met nor missed', () => {
  const target: Target = { group: 'g', work: 'other', measure: 'p99', to: 'nginx', atMost: 1 };
  assert.deepEqual(judge([target], figures), [{ target, verdict: 'not measured' }]);
});
