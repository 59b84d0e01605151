import type { ContenderName } from './figure.ts';
import { coldTargets } from './targets/cold.ts';
import { warmTargets } from './targets/warm.ts';

/** What the mirror is to reach in one run. The report says whether it does; nothing fails by it. */
export interface Target {
  /** What it belongs to. */
  readonly group: string;
  readonly work: string;
  readonly measure: string;
  /** Whose figure the mirror's is held against; or its figure itself. */
  readonly to: ContenderName | 'value';
  /** How: divided by theirs, as by default, or less theirs. */
  readonly by?: 'ratio' | 'difference';
  /** Where theirs is that of another work or another measure. */
  readonly toWork?: string;
  readonly toMeasure?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** All that there are. */
export const targets: readonly Target[] = [...warmTargets, ...coldTargets];
