import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BaselineLine } from './baseline.ts';
import { compareLines } from './comparison.ts';

const line = (least: number, greatest: number, more: Partial<BaselineLine> = {}): BaselineLine => ({
  work: 'w',
  measure: 'm',
  to: 'nginx',
  better: 'more',
  reached: { least, greatest, median: (least + greatest) / 2 },
  ...more,
});

const cases: [string, BaselineLine, BaselineLine, string][] = [
  ['spreads that touch', line(1, 2), line(2, 3), 'same'],
  ['spreads less than 5 % apart', line(1, 1), line(1.04, 1.04), 'same'],
  ['more of what is better', line(1, 2), line(2.2, 3), 'better'],
  ['less of what is better', line(2, 3), line(1, 1.5), 'worse'],
  ['less of a cost', line(2, 3, { better: 'less' }), line(1, 1.5, { better: 'less' }), 'better'],
];

for (const [title, before, now, expected] of cases) {
  test(`${title}: ${expected}`, () => {
    assert.deepEqual(
      compareLines([before], [now]).map(({ moved }) => moved),
      [expected],
    );
  });
}

test('what only one run has is new or gone', () => {
  const moves = compareLines([line(1, 1, { to: 'nginx' })], [line(1, 1, { to: 'fastify' })]);
  assert.deepEqual(
    moves.map((move) => [move.line.to, move.moved]),
    [
      ['fastify', 'new'],
      ['nginx', 'gone'],
    ],
  );
});
