import type { ContenderName, RoundFigure, Unit } from '../figure.ts';
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
  /**
   * The mirror's figure by each other's, taken round by round: what makes the machine slow for a minute
   * does so to both. None where nobody was measured in the same round, or had 0.
   */
  readonly ratios: ByContender<Spread>;
}

type PerRound = ReadonlyMap<number, number>;

/** Brings the figures of all rounds together, in the order in which they were first measured. */
export function summarize(figures: readonly RoundFigure[]): Result[] {
  const groups = Map.groupBy(figures, ({ work, measure }) => `${work}: ${measure}`);
  return [...groups.values()].map(summarizeGroup);
}

function summarizeGroup(group: readonly RoundFigure[]): Result {
  const [first] = group;
  if (first === undefined) throw new Error('a group of figures has at least one');
  const { work, measure, unit } = first;
  const perContender = Map.groupBy(group, ({ contender }) => contender);
  const rounds = [...perContender].map(([name, own]) => [name, byRound(own)] as const);
  const mirror = rounds.find(([name]) => name === 'mirror')?.[1] ?? new Map<number, number>();
  const ratios = rounds
    .filter(([name]) => name !== 'mirror')
    .map(([name, theirs]) => [name, quotients(mirror, theirs)] as const)
    .filter(([, values]) => values.length > 0);
  return {
    work,
    measure,
    unit,
    better: isBetterMore(unit) ? 'more' : 'less',
    figures: toRecord(rounds.map(([name, own]) => [name, [...own.values()]])),
    ratios: toRecord(ratios),
  };
}

function isBetterMore(unit: Unit): boolean {
  return unit.endsWith('/s');
}

/** One number for each round: the median of those that were taken in it. */
function byRound(figures: readonly RoundFigure[]): PerRound {
  const groups = Map.groupBy(figures, ({ round }) => round);
  return new Map(
    [...groups].map(([round, own]) => [round, spreadOf(own.map(({ value }) => value)).median]),
  );
}

function quotients(mirror: PerRound, theirs: PerRound): number[] {
  return [...mirror]
    .map(([round, value]) => value / (theirs.get(round) ?? Number.NaN))
    .filter((quotient) => Number.isFinite(quotient));
}

function toRecord(
  entries: readonly (readonly [ContenderName, readonly number[]])[],
): ByContender<Spread> {
  return Object.fromEntries(entries.map(([name, values]) => [name, spreadOf(values)]));
}
