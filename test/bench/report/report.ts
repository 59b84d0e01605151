import type { Machine } from '../machine.ts';
import type { MissingTrial } from '../rounds.ts';
import type { Scale } from '../scale.ts';
import type { PeerVersions } from '../peerVersions.ts';
import type { Result } from './summary.ts';
import type { Verdict } from './verdict.ts';

/** What a run found. */
export interface Report {
  /** When it began, as ISO 8601 has it. */
  readonly date: string;
  readonly machine: Machine;
  /** Over the minute before. */
  readonly loadAverageBefore: number;
  readonly versions: PeerVersions;
  readonly scale: Scale;
  /** Programs that aren't installed, contenders among them. */
  readonly missingPrograms: readonly string[];
  readonly missingTrials: readonly MissingTrial[];
  readonly results: readonly Result[];
  readonly verdicts: readonly Verdict[];
}
