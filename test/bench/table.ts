import type { Machine } from './machine.ts';
import type { Scale } from './scale.ts';
import type { Result, Spread } from './summary.ts';

/** What a run found. */
export interface Report {
  readonly machine: Machine & { readonly loadAverageBefore: readonly number[] };
  readonly scale: Scale;
  readonly results: readonly Result[];
}

type Row = readonly string[];

const heading: Row = ['work', 'measure', 'unit', 'mirror', 'docker-registry', 'ratio', 'better'];

/** The report as text of aligned columns. */
export function formatTable({ machine, scale, results }: Report): string {
  const rows = [heading, ...results.map(rowOf)];
  const widths = heading.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) => alignRow(row, widths));
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const [load = 0] = machine.loadAverageBefore;
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}`,
    `load average before the start: ${load.toFixed(2)}${load > 0.5 ? ' (something else is running: figures are noisy)' : ''}`,
    `large blob: ${Math.round(scale.blobBytes / 1e6)} MB; rounds: ${scale.rounds}; figures are medians (least–greatest)`,
    'ratio: mirror / docker-registry',
    '',
    lines[0],
    rule,
    ...lines.slice(1),
    '',
  ].join('\n');
}

function rowOf(result: Result): Row {
  return [
    result.work,
    result.measure,
    result.unit,
    spread(result.mirror),
    spread(result.dockerRegistry),
    result.ratio === null ? '–' : number(result.ratio),
    result.better,
  ];
}

function spread({ median, least, greatest, values }: Spread): string {
  if (values.length === 1) return number(median);
  return `${number(median)} (${number(least)}–${number(greatest)})`;
}

function number(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** Words to the left, numbers to the right. */
function alignRow(row: Row, widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    return column < 3 || column === 6 ? cell.padEnd(width) : cell.padStart(width);
  });
  return cells.join('  ').trimEnd();
}
