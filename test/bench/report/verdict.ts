import type { RoundFigure, Unit } from '../figure.ts';
import type { Target } from '../target.ts';
import { pairs, perRound } from './pairs.ts';
import { spreadOf, type Spread } from './spread.ts';

/** What became of a target. */
export interface Verdict {
  readonly target: Target;
  /** What is held against the target's bound: a ratio, or a number in `unit`. */
  readonly reached?: Spread;
  readonly unit?: Unit;
  /** By the median. */
  readonly verdict: 'met' | 'not met' | 'not measured';
}

/** Holds what was measured against the targets. */
export function judge(targets: readonly Target[], figures: readonly RoundFigure[]): Verdict[] {
  return targets.map((target) => judgeOne(target, figures));
}

function judgeOne(target: Target, figures: readonly RoundFigure[]): Verdict {
  const values = valuesFor(target, figures);
  if (values.length === 0) return { target, verdict: 'not measured' };
  const reached = spreadOf(values);
  const { atLeast = -Infinity, atMost = Infinity } = target;
  const isMet = reached.median >= atLeast && reached.median <= atMost;
  const verdict = isMet ? 'met' : 'not met';
  const unit = isRatio(target) ? undefined : unitOf(target, figures);
  return { target, reached, verdict, ...(unit === undefined ? {} : { unit }) };
}

/** Whether a target bounds a ratio, rather than a number with a unit. */
export function isRatio({ to, by = 'ratio' }: Target): boolean {
  return to !== 'value' && by === 'ratio';
}

function valuesFor(target: Target, figures: readonly RoundFigure[]): number[] {
  const { work, measure, to, by = 'ratio', toWork = work, toMeasure = measure } = target;
  const mine = perRound(figures, { contender: 'mirror', work, measure });
  if (to === 'value') return [...mine.values()];
  const theirs = perRound(figures, { contender: to, work: toWork, measure: toMeasure });
  return pairs(mine, theirs, by);
}

function unitOf({ work, measure }: Target, figures: readonly RoundFigure[]): Unit | undefined {
  return figures.find((figure) => figure.work === work && figure.measure === measure)?.unit;
}
