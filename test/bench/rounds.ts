import type { Contender } from './contenders/contender.ts';
import type { ContenderName, RoundFigure } from './figure.ts';
import type { Scale } from './scale.ts';
import { installed } from './missingPrograms.ts';
import { LeftOut, type Trial, type TrialSetting } from './trial.ts';
import type { BenchUpstream } from './upstream.ts';
import { WarmServers } from './warmServers.ts';

/** What a run is told. */
export interface RunOptions {
  readonly scale: Scale;
  readonly trials: readonly Trial[];
  readonly upstream: BenchUpstream;
  /** Those that can be started. */
  readonly contenders: readonly Contender[];
  /** Ends the run: it rejects as soon as everything is stopped and removed. */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** A trial without figures, or without those of the later rounds. */
export interface MissingTrial {
  readonly trial: string;
  readonly reason: string;
  /** Whether something broke, rather than that this machine can't do it. */
  readonly failed: boolean;
}

/** What all rounds gave. */
export interface Measured {
  readonly figures: readonly RoundFigure[];
  readonly missing: readonly MissingTrial[];
}

/** Runs all trials in all rounds, in turns: who goes first changes from round to round. */
export async function measureAll(options: RunOptions): Promise<Measured> {
  const { scale, signal, progress, upstream } = options;
  const { runnable, missing } = sort(options.trials);
  const figures: RoundFigure[] = [];
  for (let round = 1; round <= scale.rounds; round += 1) {
    await using warm = new WarmServers(upstream, signal);
    const setting = settingOf(options, warm, round);
    for (const trial of runnable) {
      if (trial.once === true && round > 1) continue;
      if (missing.some(({ trial: name }) => name === trial.name)) continue;
      if (trial.warm !== true) await warm[Symbol.asyncDispose]();
      progress(`round ${round} of ${scale.rounds}: ${trial.name}`);
      try {
        const found = await trial.run(setting);
        figures.push(...found.map((figure) => ({ ...figure, round })));
      } catch (error) {
        signal.throwIfAborted();
        missing.push({ trial: trial.name, ...reasonOf(error) });
        progress(`  no figures: ${reasonOf(error).reason}`);
      }
    }
  }
  return { figures, missing };
}

function sort(trials: readonly Trial[]): { runnable: Trial[]; missing: MissingTrial[] } {
  const missing = trials
    .filter((trial) => lacking(trial).length > 0)
    .map((trial) => ({
      trial: trial.name,
      reason: `needs ${lacking(trial).join(', ')}`,
      failed: false,
    }));
  return { runnable: trials.filter((trial) => lacking(trial).length === 0), missing };
}

function reasonOf(error: unknown): { reason: string; failed: boolean } {
  const reason = error instanceof Error ? error.message : String(error);
  return { reason, failed: !(error instanceof LeftOut) };
}

function settingOf(
  { scale, signal, progress, contenders, upstream }: RunOptions,
  warm: WarmServers,
  round: number,
): TrialSetting {
  const order = <T>(items: readonly T[]): T[] => turned(items, round);
  const named = (names: readonly ContenderName[]) =>
    order(contenders.filter(({ name }) => names.includes(name)));
  return {
    scale,
    upstream,
    signal,
    progress,
    order,
    contenders: named,
    warmed: (names) => warm.get(named(names)),
  };
}

/** Who goes first changes, and who goes after whom. */
function turned<T>(items: readonly T[], round: number): T[] {
  const start = Math.floor((round - 1) / 2) % Math.max(1, items.length);
  const list = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 1 ? list : list.toReversed();
}

function lacking({ needs }: Trial): string[] {
  return needs.filter((name) => !installed(name));
}
