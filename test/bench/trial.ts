import type { Contender } from './contenders/contender.ts';
import type { ContenderFigure, ContenderName } from './figure.ts';
import type { Scale } from './scale.ts';
import type { Server } from './server.ts';
import type { BenchUpstream } from './upstream.ts';

/** What a trial is given in one round. */
export interface TrialSetting {
  readonly scale: Scale;
  readonly upstream: BenchUpstream;
  /** Aborts when the run is given up. */
  readonly signal: AbortSignal;
  /** Tells whoever waits what is being done. */
  readonly progress: (line: string) => void;
  /** The same items, so that who goes first changes from round to round. */
  readonly order: <T>(items: readonly T[]) => T[];
  /** Those of the named contenders whose programs are installed, in this round's order. */
  readonly contenders: (names: readonly ContenderName[]) => Contender[];
  /**
   * Those of them, running, each holding the upstream's images. They are started by the first trial of
   * the round that asks and shared by all that do; nobody else stops them. Only for trials that say `warm`.
   */
  readonly warmed: (names: readonly ContenderName[]) => Promise<WarmServer[]>;
}

/** A contender that holds everything that it will be asked for. */
export interface WarmServer {
  readonly name: ContenderName;
  readonly server: Server;
}

/** Something that contenders are made to do while they are measured. */
export interface Trial {
  /** What `--only` knows it by. */
  readonly name: string;
  /** Programs without which it is left out, beside those of the contenders. */
  readonly needs: readonly string[];
  /** Whether it asks for warmed contenders; those of a round end before the first trial that doesn't. */
  readonly warm?: boolean;
  /** Whether it is run in the first round alone. */
  readonly once?: boolean;
  /** Whether it is part of `--quick`. */
  readonly quick: boolean;
  /** Measures; rejects with {@link LeftOut} where it can't be done on this machine. */
  readonly run: (setting: TrialSetting) => Promise<ContenderFigure[]>;
}

/** Says why a trial can't be done here. The report gives the reason, and the run is none the worse for it. */
export class LeftOut extends Error {}
