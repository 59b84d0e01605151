import type { ContenderName } from './contenders.ts';

/** Units of what is measured. The greater the better where something is done `/s`, else the less. */
export type Unit = 'req/s' | 'GB/s' | 's' | 'CPU-s/GB' | 'MB' | 'GETs' | 'GB';

/** One measured number. */
export interface Figure {
  /** What was done. */
  readonly work: string;
  /** Which of the numbers that were taken meanwhile. */
  readonly measure: string;
  readonly unit: Unit;
  readonly value: number;
}

/** A figure with who it is of, in order of measurement. */
export interface ContenderFigure extends Figure {
  readonly contender: ContenderName;
}
