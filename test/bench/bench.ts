/**
 * The benchmark against peers: `node test/bench/bench.ts [--quick] …`, see `--help`.
 *
 * It starts the mirror and its peers before the same upstream (a `docker-registry` with pushed images),
 * measures them on the same work in turns, and prints every figure, the ratio of each pair and which of
 * the targets are met. All of it runs on this machine over loopback, clients included: the ratios say
 * something about the servers, the absolute figures only about this machine at this time. Nothing here
 * passes or fails by a figure.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { dirname } from 'node:path';
import { contenders } from './contenders/contenders.ts';
import { describeMachine } from './machine.ts';
import { installed, missingPrograms } from './missingPrograms.ts';
import { parseOptions, type BenchOptions } from './options.ts';
import { peerVersions } from './peerVersions.ts';
import { baselineOf, readBaseline, writeBaseline } from './report/baseline.ts';
import { drawChart } from './report/chart.ts';
import { formatComparison } from './report/comparison.ts';
import type { Report } from './report/report.ts';
import { summarize } from './report/summary.ts';
import { formatReport } from './report/text.ts';
import { judge } from './report/verdict.ts';
import { measureAll } from './rounds.ts';
import { targets } from './target.ts';
import { trials } from './trials.ts';
import { startBenchUpstream } from './upstream.ts';

const usage = `Usage: node test/bench/bench.ts [--quick] [--only TRIAL[,TRIAL]] [--rounds N] [--json FILE]
         [--chart FILE] [--compare [FILE]] [--write-baseline [FILE]]

Measures the mirror beside its peers on the same work, in turns, and prints the median of all rounds,
the least and the greatest, the ratios of each round's pairs, and which targets are met. The figures
are those of a machine that also runs the clients and the upstream; close what else is running.

  --quick                  one round with smaller work: under 3 minutes (all: 5 rounds with 1 GiB)
  --only TRIAL[,TRIAL]     of these alone: ${trials.map(({ name }) => name).join(', ')}
  --rounds N               so many rounds
  --json FILE              writes all that was found
  --chart FILE             draws the ratios as an SVG
  --compare [FILE]         says what moved beyond the spread of both runs, by default since the
                           committed baseline, test/bench/baseline.json
  --write-baseline [FILE]  keeps this run's ratios for that
  --help                   this text
`;

async function main(args: string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseOptions(args, trials);
  } catch (error) {
    return complain(`${(error as Error).message}\n\n${usage}`, 2);
  }
  if (options.help) return say(usage, 0);
  const missing = missingPrograms(['docker-registry']);
  if (missing !== undefined) return complain(`the upstream is ${missing}\n`, 1);
  return run(options);
}

async function run(options: BenchOptions): Promise<number> {
  const { scale } = options;
  const before = options.compare === undefined ? undefined : await readBaseline(options.compare);
  const interrupted = interruption();
  const timeUp = AbortSignal.timeout(scale.secondsAtMost * 1000);
  try {
    const report = await measure(options, AbortSignal.any([interrupted, timeUp]));
    say(`\n${formatReport(report)}`, 0);
    if (before !== undefined) say(`\n${formatComparison(before, baselineOf(report))}`, 0);
    await write(options, report);
    return report.missingTrials.some(({ failed }) => failed) ? 1 : 0;
  } catch (error) {
    if (interrupted.aborted) return complain('interrupted\n', 130);
    if (timeUp.aborted) return complain(`not done in ${scale.secondsAtMost} s\n`, 1);
    throw error;
  }
}

async function measure(
  { scale, trials: chosen }: BenchOptions,
  signal: AbortSignal,
): Promise<Report> {
  const date = new Date().toISOString();
  const [loadAverageBefore = 0] = loadavg();
  const megabytes = Math.round(scale.blobBytes / 1e6);
  progress(`pushing the images, one with a layer of ${megabytes} MB, to the upstream`);
  await using upstream = await startBenchUpstream(scale.blobBytes);
  const measured = await measureAll({
    scale,
    trials: chosen,
    contenders: contenders.filter(({ needs }) => needs.every(installed)),
    upstream,
    signal,
    progress,
  });
  const needed = [...contenders, ...chosen].flatMap(({ needs }) => needs);
  return {
    date,
    machine: describeMachine(),
    loadAverageBefore,
    versions: await peerVersions(),
    scale,
    missingPrograms: [...new Set(needed)].filter((name) => !installed(name)),
    missingTrials: measured.missing,
    results: summarize(measured.figures),
    verdicts: judge(targets, measured.figures),
  };
}

async function write(
  { json, chart, writeBaseline: file }: BenchOptions,
  report: Report,
): Promise<void> {
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (chart !== undefined) {
    await mkdir(dirname(chart), { recursive: true });
    await writeFile(chart, drawChart(report));
  }
  if (file !== undefined) await writeBaseline(file, baselineOf(report));
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

process.exitCode = await main(process.argv.slice(2));
