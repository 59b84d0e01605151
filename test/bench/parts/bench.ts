/**
 * The parts by themselves: `node test/bench/parts/bench.ts [--only NAME[,NAME]] [--quick] [--json FILE]`.
 *
 * It measures what a request is made of (hashing, writing, reading, parsing, look-ups, accounting) with the
 * program's own modules and prints a table. Nothing here passes or fails by a figure.
 */
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.ts';
import { accounting } from './accounting.ts';
import { catalog } from './catalog.ts';
import { hashing } from './hashing.ts';
import { measurePart, type Pace, type PartFigure } from './measureParts.ts';
import { parsing } from './parsing.ts';
import type { Part } from './part.ts';
import { partsTable } from './partsTable.ts';
import { reading } from './reading.ts';
import { writing } from './writing.ts';

const parts: readonly Part[] = [hashing, writing, reading, parsing, catalog, accounting];
const names = parts.map(({ name }) => name).join(', ');
const fullPace: Pace = { warmUp: 100, measured: 400 };
const quickPace: Pace = { warmUp: 5, measured: 20 };
const secondsAtMost = 120;

const usage = `Usage: node test/bench/parts/bench.ts [--only NAME[,NAME]] [--quick] [--json FILE]

Measures the parts of the program by themselves. Of each work the table has the rate of the median, how
far samples are from it (the median of that), the median and the 99th percentile. What takes less than a
few microseconds is done many times in one sample: its percentile is one of means.

  --only NAME  one or more of ${names}
  --quick      some seconds: whether it works, not how fast (all: about a minute)
  --json FILE  writes the figures too
  --help       this text
`;

async function run(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options instanceof Error) return complain(`${options.message}\n\n${usage}`);
  if (options.help) return say([usage.trimEnd()]);
  const chosen = chooseParts(options.only);
  if (chosen === undefined) return complain(`--only takes one or more of ${names}\n`);
  const machine = { ...describeMachine(), loadAverageBefore: loadavg() };
  const figures = await measure(chosen, options.quick ? quickPace : fullPace);
  const report = { date: new Date().toISOString(), machine, quick: options.quick, figures };
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  return say([`${machine.cpu}, Node ${machine.node}`, '', ...partsTable(figures)]);
}

function parseOptions(args: string[]) {
  const options = {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    return error as Error;
  }
}

/** `undefined` where one of the names is that of no part. */
function chooseParts(only: string | undefined): readonly Part[] | undefined {
  if (only === undefined) return parts;
  const wanted = only.split(',');
  const known = wanted.every((wish) => parts.some(({ name }) => name === wish));
  return known ? parts.filter(({ name }) => wanted.includes(name)) : undefined;
}

async function measure(chosen: readonly Part[], pace: Pace): Promise<PartFigure[]> {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(new Error('interrupted')));
  }
  const timeUp = AbortSignal.timeout(secondsAtMost * 1000);
  const signal = AbortSignal.any([controller.signal, timeUp]);
  const figures: PartFigure[] = [];
  for (const part of chosen) {
    process.stderr.write(`${part.name}\n`);
    figures.push(...(await measurePart(part, pace, signal)));
  }
  return figures;
}

function say(lines: readonly string[]): number {
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

function complain(text: string): number {
  process.stderr.write(text);
  return 2;
}

process.exitCode = await run(process.argv.slice(2));
