import type { ContenderName, RoundFigure } from '../figure.ts';
import { spreadOf } from './spread.ts';

/** A number for each round in which it was taken. */
export type PerRound = ReadonlyMap<number, number>;

/** Finds figures. */
export interface FigureKey {
  readonly contender: ContenderName;
  readonly work: string;
  readonly measure: string;
}

/** One number for each round: the median of those that were taken in it. */
export function perRound(figures: readonly RoundFigure[], key: FigureKey): PerRound {
  const own = figures.filter(
    ({ contender, work, measure }) =>
      contender === key.contender && work === key.work && measure === key.measure,
  );
  const rounds = Map.groupBy(own, ({ round }) => round);
  return new Map(
    [...rounds].map(([round, taken]) => [round, spreadOf(taken.map(({ value }) => value)).median]),
  );
}

/**
 * Holds one against the other round by round: what slows the machine for a while then slows both. Rounds
 * without both are left out, and quotients by 0.
 */
export function pairs(mine: PerRound, theirs: PerRound, by: 'ratio' | 'difference'): number[] {
  return [...mine]
    .map(([round, value]) => {
      const other = theirs.get(round) ?? Number.NaN;
      return by === 'ratio' ? value / other : value - other;
    })
    .filter((value) => Number.isFinite(value));
}
