import type { Baseline, BaselineLine } from './baseline.ts';
import { formatSpread } from './numbers.ts';
import { formatTable } from './table.ts';

/** How a ratio is beside that of an earlier run. */
export interface Move {
  readonly line: BaselineLine;
  readonly before?: BaselineLine;
  readonly moved: 'better' | 'worse' | 'same' | 'new' | 'gone';
}

// The rounds of one run are minutes apart; from one run to the next there is a little more.
const tolerance = 0.05;

/** Holds a run against an earlier one. Something moved where the spreads of both lie apart by more than 5 %. */
export function compareLines(
  before: readonly BaselineLine[],
  now: readonly BaselineLine[],
): Move[] {
  const earlier = new Map(before.map((line) => [keyOf(line), line]));
  const current = new Set(now.map(keyOf));
  const moves = now.map((line): Move => {
    const match = earlier.get(keyOf(line));
    if (match === undefined) return { line, moved: 'new' };
    return { line, before: match, moved: moveOf(match, line) };
  });
  const gone = before.filter((line) => !current.has(keyOf(line)));
  return [...moves, ...gone.map((line): Move => ({ line, before: line, moved: 'gone' }))];
}

function moveOf(before: BaselineLine, now: BaselineLine): 'better' | 'worse' | 'same' {
  const slack = Math.abs(before.reached.median) * tolerance;
  const isMore = now.reached.least > before.reached.greatest + slack;
  const isLess = now.reached.greatest < before.reached.least - slack;
  if (!isMore && !isLess) return 'same';
  return isMore === (now.better === 'more') ? 'better' : 'worse';
}

function keyOf({ work, measure, to }: BaselineLine): string {
  return JSON.stringify([work, measure, to]);
}

/** What moved, as text, after a line on what can't be compared. */
export function formatComparison(before: Baseline, now: Baseline): string {
  const moves = compareLines(before.lines, now.lines);
  const shown = moves.filter(({ moved }) => moved !== 'same');
  const same = moves.length - shown.length;
  return [
    `compared with ${before.date.slice(0, 10)}: ${same} of ${moves.length} within the spread of both`,
    ...caveats(before, now),
    ...(shown.length === 0 ? [] : [formatTable(heading, shown.map(rowOf), [3, 4])]),
    '',
  ].join('\n');
}

const heading = ['work', 'measure', 'mirror by', 'before', 'now', ''];

function rowOf({ line, before, moved }: Move): string[] {
  const now = moved === 'gone' ? '' : formatSpread(line.reached);
  const then = before === undefined ? '' : formatSpread(before.reached);
  return [line.work, line.measure, line.to === 'value' ? '' : line.to, then, now, moved];
}

function caveats(before: Baseline, now: Baseline): string[] {
  return [
    ...(machineOf(before) === machineOf(now)
      ? []
      : [`that was another machine: ${machineOf(before)}`]),
    ...(before.scale === now.scale
      ? []
      : [`that was a ${before.scale} run, this a ${now.scale} one`]),
  ];
}

function machineOf({ machine: { cpu, cores } }: Baseline): string {
  return `${cpu}, ${cores} cores`;
}
