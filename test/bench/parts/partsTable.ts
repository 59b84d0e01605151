import { textTable } from '../../../src/cli/textTable.ts';
import type { PartFigure } from './measureParts.ts';

const heading = ['part', 'work', 'rate', '', 'spread', 'median', 'p99', 'samples'];

/** The figures as lines of a table. */
export function partsTable(figures: readonly PartFigure[]): readonly string[] {
  return textTable(
    [heading, ...figures.map(rowOf)],
    ['left', 'left', 'right', 'left', 'right', 'right', 'right', 'right'],
  );
}

function rowOf(figure: PartFigure): readonly string[] {
  return [
    figure.part,
    figure.work,
    figure.unit === 'GB/s'
      ? figure.rate.toFixed(2)
      : Math.round(Number(figure.rate.toPrecision(3))).toLocaleString('en'),
    figure.unit,
    `±${(figure.spread * 100).toFixed(1)} %`,
    showTime(figure.median),
    showTime(figure.p99),
    figure.samples.toLocaleString('en'),
  ];
}

function showTime(microseconds: number): string {
  if (microseconds < 1) return `${(microseconds * 1000).toFixed(0)} ns`;
  if (microseconds < 1000) return `${microseconds.toFixed(microseconds < 10 ? 2 : 0)} µs`;
  return `${(microseconds / 1000).toFixed(2)} ms`;
}
