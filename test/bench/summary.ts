import type { ContenderName } from './contenders.ts';
import type { ContenderFigure, Unit } from './figure.ts';

/** The figures of all rounds for one measurement of one contender. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
  /** In the order of the rounds. */
  readonly values: readonly number[];
}

/** One measurement of both contenders. */
export interface Result {
  readonly work: string;
  readonly measure: string;
  readonly unit: Unit;
  readonly better: 'more' | 'less';
  readonly mirror: Spread;
  readonly dockerRegistry: Spread;
  /** The mirror's median by docker-registry's; `null`, which JSON has, where that is 0. */
  readonly ratio: number | null;
}

/** Brings the figures of all rounds together, in the order in which they were first measured. */
export function summarize(figures: readonly ContenderFigure[]): Result[] {
  const groups = Map.groupBy(figures, ({ work, measure }) => `${work}: ${measure}`);
  return [...groups.values()].map(summarizeGroup);
}

function summarizeGroup(group: readonly ContenderFigure[]): Result {
  const [first] = group;
  if (first === undefined) throw new Error('a group of figures has at least one');
  const { work, measure, unit } = first;
  const mirror = spreadOf(group, 'mirror');
  const dockerRegistry = spreadOf(group, 'docker-registry');
  const ratio = dockerRegistry.median === 0 ? null : mirror.median / dockerRegistry.median;
  const better = unit.endsWith('/s') ? 'more' : 'less';
  return { work, measure, unit, better, mirror, dockerRegistry, ratio };
}

function spreadOf(group: readonly ContenderFigure[], name: ContenderName): Spread {
  const values = group.filter(({ contender }) => contender === name).map(({ value }) => value);
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    greatest: at(sorted.length - 1),
    values,
  };
}
