import type { Report } from './report.ts';
import type { Spread } from './spread.ts';
import type { Result } from './summary.ts';
import { formatTable } from './table.ts';

/** The report as text. */
export function formatReport({ machine, scale, results }: Report): string {
  const [load = 0] = machine.loadAverageBefore;
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}`,
    `load average before the start: ${load.toFixed(2)}${load > 0.5 ? ' (something else is running: figures are noisy)' : ''}`,
    `large blob: ${Math.round(scale.blobBytes / 1e6)} MB; rounds: ${scale.rounds}; figures are medians (least–greatest)`,
    '',
    formatTable(
      ['work', 'measure', 'unit', 'of', 'figure', 'mirror / it', 'better'],
      results.flatMap(rowsOf),
      [4, 5],
    ),
  ].join('\n');
}

function rowsOf({ work, measure, unit, better, figures, ratios }: Result): string[][] {
  return Object.entries(figures).map(([name, spread], index) => {
    const ratio = ratios[name as keyof typeof ratios];
    const titles = index === 0 ? [work, measure, unit] : ['', '', ''];
    return [
      ...titles,
      name,
      formatSpread(spread),
      ratio ? formatSpread(ratio) : '',
      index === 0 ? better : '',
    ];
  });
}

/** `1.02 (0.98–1.10)`, or `1.02` of a single number. */
export function formatSpread({ median, least, greatest }: Spread): string {
  if (least === greatest) return formatNumber(median);
  return `${formatNumber(median)} (${formatNumber(least)}–${formatNumber(greatest)})`;
}

/** With three digits that count, but all of those before the point. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
