import type { Machine } from '../machine.ts';
import type { MissingTrial } from '../rounds.ts';
import type { Scale } from '../scale.ts';
import type { Result } from './summary.ts';

/** What a run found. */
export interface Report {
  readonly date: string;
  readonly machine: Machine & { readonly loadAverageBefore: readonly number[] };
  readonly scale: Scale;
  readonly missing: readonly MissingTrial[];
  readonly results: readonly Result[];
}
