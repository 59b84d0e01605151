import type { ContenderName, RoundFigure, Unit } from '../figure.ts';
import { pairs, perRound } from './pairs.ts';
import { spreadOf, type Spread } from './spread.ts';

/** Something of each contender of whom it is known. */
export type ByContender<T> = Readonly<Partial<Record<ContenderName, T>>>;

/** The figures of all rounds for one measurement. */
export interface Result {
  readonly work: string;
  readonly measure: string;
  readonly unit: Unit;
  readonly better: 'more' | 'less';
  readonly figures: ByContender<Spread>;
  /** The mirror's figure by each other's, taken round by round. */
  readonly ratios: ByContender<Spread>;
}

/** Brings the figures of all rounds together, in the order in which they were first measured. */
export function summarize(figures: readonly RoundFigure[]): Result[] {
  const groups = Map.groupBy(figures, ({ work, measure }) => `${work}: ${measure}`);
  return [...groups.values()].map(summarizeGroup);
}

function summarizeGroup(group: readonly RoundFigure[]): Result {
  const [first] = group;
  if (first === undefined) throw new Error('a group of figures has at least one');
  const { work, measure, unit } = first;
  const names = [...new Set(group.map(({ contender }) => contender))];
  const valuesOf = (contender: ContenderName) => perRound(group, { contender, work, measure });
  const mirror = valuesOf('mirror');
  const others = names.filter((name) => name !== 'mirror');
  return {
    work,
    measure,
    unit,
    better: unit.endsWith('/s') ? 'more' : 'less',
    figures: spreads(names, (name) => [...valuesOf(name).values()]),
    ratios: spreads(others, (name) => pairs(mirror, valuesOf(name), 'ratio')),
  };
}

function spreads(
  names: readonly ContenderName[],
  valuesOf: (name: ContenderName) => readonly number[],
): ByContender<Spread> {
  const entries = names.map((name) => [name, valuesOf(name)] as const);
  const known = entries.filter(([, values]) => values.length > 0);
  return Object.fromEntries(known.map(([name, values]) => [name, spreadOf(values)]));
}
