import { parseArgs } from 'node:util';
import { repositoryRoot } from '../e2e/support/repository.ts';

/** How the program is told to `--help`. */
export const usage = `Usage: node test/storm/main.ts [--seed N] [--pulls N] [--minutes N] [--installation DIR]

Clients pull through the mirror while its upstream fails in every way there is and the mirror is killed
and started again. Exits 1 when any promise was broken; then the mirror's log and store are kept.

  --seed N            decides what happens; a random one when absent, printed in any case
  --pulls N           pulls in one storm (2000)
  --minutes N         one storm after the other, with new images, until so many minutes have passed; the
                      mirror is killed in the first half alone, so that what it takes can be compared
  --installation DIR  the checkout whose mirror is tried (this one)
  --details           also prints each kind of fault and why attempts of clients failed
  --help              this text
`;

/** What the program was asked to do. */
export interface StormOptions {
  readonly seed: number;
  readonly pulls: number;
  readonly minutes: number;
  readonly installation: string;
  readonly details: boolean;
  readonly help: boolean;
}

const largestSeed = 1_000_000_000;

/**
 * Reads the command line.
 * @throws {Error} with a sentence about what is wrong with it
 */
export function parseOptions(args: readonly string[]): StormOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      pulls: { type: 'string' },
      minutes: { type: 'string' },
      installation: { type: 'string' },
      details: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { seed, pulls = '2000', minutes = '0', installation = repositoryRoot } = values;
  const { details, help } = values;
  return {
    seed: seed === undefined ? Math.floor(Math.random() * largestSeed) : wholeNumber('seed', seed),
    pulls: wholeNumber('pulls', pulls),
    minutes: wholeNumber('minutes', minutes),
    installation,
    details,
    help,
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name}: expected a whole number, got ${text}`);
  return Number(text);
}
