import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fullScale, quickScale, type Scale } from './scale.ts';
import type { Trial } from './trial.ts';
import { wholeNumber } from './wholeNumber.ts';

/** What a run is asked for. */
export interface BenchOptions {
  readonly help: boolean;
  readonly scale: Scale;
  readonly trials: readonly Trial[];
  readonly json?: string;
  readonly chart?: string;
  /** A baseline to compare with. */
  readonly compare?: string;
  /** Where to write a new one. */
  readonly writeBaseline?: string;
}

/** What is compared with where no file is named. */
export const defaultBaseline = join(import.meta.dirname, 'baseline.json');

const known = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  rounds: { type: 'string' },
  json: { type: 'string' },
  chart: { type: 'string' },
  compare: { type: 'string' },
  'write-baseline': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line; throws an `Error` that says what is wrong with it. */
export function parseOptions(args: readonly string[], trials: readonly Trial[]): BenchOptions {
  const { values } = parseArgs({ args: args.map(withDefaultFile), options: known });
  const { quick, only, rounds, json, chart, compare, help } = values;
  const scale = quick ? quickScale : fullScale;
  const writeBaseline = values['write-baseline'];
  return {
    help,
    scale: rounds === undefined ? scale : { ...scale, rounds: wholeNumber('rounds', rounds) },
    trials:
      only === undefined ? trials.filter((trial) => trial.quick || !quick) : chosen(only, trials),
    ...(json === undefined ? {} : { json }),
    ...(chart === undefined ? {} : { chart }),
    ...(compare === undefined ? {} : { compare }),
    ...(writeBaseline === undefined ? {} : { writeBaseline }),
  };
}

/** The file of these two may be left out, which `parseArgs` doesn't know. */
function withDefaultFile(argument: string, index: number, all: readonly string[]): string {
  if (argument !== '--compare' && argument !== '--write-baseline') return argument;
  const next = all[index + 1];
  const isNamed = next !== undefined && !next.startsWith('-');
  return isNamed ? argument : `${argument}=${defaultBaseline}`;
}

function chosen(only: string, trials: readonly Trial[]): Trial[] {
  const names = only.split(',');
  const unknown = names.find((name) => !trials.some((trial) => trial.name === name));
  if (unknown !== undefined) {
    const all = trials.map(({ name }) => name).join(', ');
    throw new Error(`--only ${unknown}: expected one or more of ${all}`);
  }
  return trials.filter(({ name }) => names.includes(name));
}
