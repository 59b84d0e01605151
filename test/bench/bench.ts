/**
 * The benchmark against peers: `node test/bench/bench.ts [--quick] [--json FILE]`.
 *
 * It measures the mirror beside Debian's `docker-registry` as a proxy, both before the same upstream (a
 * `docker-registry` with a pushed image), and prints a table with the ratio of each pair of figures. All
 * of it runs on this machine over loopback, clients included: the ratios say something about the servers,
 * the absolute figures only about this machine at this time. Nothing here passes or fails by a figure.
 */
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { contenders } from './contenders/contenders.ts';
import { describeMachine } from './machine.ts';
import { missingPrograms } from './missingPrograms.ts';
import { measureAll } from './rounds.ts';
import { fullScale, quickScale } from './scale.ts';
import { summarize } from './report/summary.ts';
import { formatReport } from './report/text.ts';
import { trials } from './trials.ts';

const usage = `Usage: node test/bench/bench.ts [--quick] [--json FILE]

Measures the mirror and docker-registry as a proxy on the same work, in turns, and prints the median
of all rounds, the least and the greatest, and the ratio of the medians. The figures are those of a
machine that also runs the clients and the upstream; close what else is running.

  --quick      one round with a blob of 200 MB: under 2 minutes (all: 3 rounds with 1 GiB, under 8)
  --json FILE  writes the figures of every round too
  --help       this text
`;

async function run(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options instanceof Error) return complain(`${options.message}\n\n${usage}`, 2);
  if (options.help) return say(usage, 0);
  const missing = missingPrograms(['docker-registry', 'wrk', 'curl']);
  if (missing !== undefined) return complain(`${missing}\n`, 1);
  return compare(options.quick, options.json, options.only?.split(','));
}

function parseOptions(args: string[]) {
  const options = {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    return error as Error;
  }
}

async function compare(
  quick: boolean,
  file: string | undefined,
  only: readonly string[] | undefined,
): Promise<number> {
  const scale = quick ? quickScale : fullScale;
  const machine = { ...describeMachine(), loadAverageBefore: loadavg() };
  const interrupted = interruption();
  const timeUp = AbortSignal.timeout(scale.secondsAtMost * 1000);
  const signal = AbortSignal.any([interrupted, timeUp]);
  try {
    const chosen = trials.filter(({ name }) => only === undefined || only.includes(name));
    const measured = await measureAll({ scale, trials: chosen, contenders, signal, progress });
    const results = summarize(measured.figures);
    const date = new Date().toISOString();
    const report = { date, machine, scale, results, missing: measured.missing };
    if (file !== undefined) await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
    return say(`\n${formatReport(report)}`, 0);
  } catch (error) {
    if (interrupted.aborted) return complain('interrupted\n', 130);
    if (timeUp.aborted) return complain(`not done in ${scale.secondsAtMost} s\n`, 1);
    throw error;
  }
}

/** Aborts at the first SIGINT or SIGTERM, so that everything is stopped and removed; the next one ends the process. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}

function complain(text: string, exitCode: number): number {
  process.stderr.write(text);
  return exitCode;
}

process.exitCode = await run(process.argv.slice(2));
