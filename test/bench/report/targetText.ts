import type { Target } from '../target.ts';
import { formatNumber } from './numbers.ts';
import { isRatio, type Verdict } from './verdict.ts';

/** What is measured and against whom: `throughput / nginx`. */
export function subjectOf({ measure, to, by, toMeasure }: Target): string {
  if (to === 'value') return measure;
  const other = toMeasure === undefined ? to : `${to}'s ${toMeasure}`;
  return `${measure} ${by === 'difference' ? '−' : '/'} ${other}`;
}

/** What is to be reached: `at least 0.7`, `at most 20 ms`. */
export function boundOf({ target, unit }: Verdict): string {
  const ending = isRatio(target) ? ' ×' : unit === undefined ? '' : ` ${unit}`;
  const bounds = [
    target.atLeast === undefined ? [] : [`at least ${formatNumber(target.atLeast)}${ending}`],
    target.atMost === undefined ? [] : [`at most ${formatNumber(target.atMost)}${ending}`],
  ];
  return bounds.flat().join(', ');
}
