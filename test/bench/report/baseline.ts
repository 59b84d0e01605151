import { readFile, writeFile } from 'node:fs/promises';
import type { Machine } from '../machine.ts';
import type { PeerVersions } from '../peerVersions.ts';
import type { ContenderName } from '../figure.ts';
import { clientMeasures } from '../load/clientLoad.ts';
import type { Report } from './report.ts';
import type { Spread } from './spread.ts';
import { isRatio } from './verdict.ts';

/** One ratio of a run, or where a target is about one a figure of the mirror's. */
export interface BaselineLine {
  readonly work: string;
  readonly measure: string;
  readonly to: ContenderName | 'value';
  readonly better: 'more' | 'less';
  readonly reached: Spread;
}

/** What later runs are compared with. */
export interface Baseline {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: PeerVersions;
  readonly scale: string;
  readonly rounds: number;
  readonly lines: readonly BaselineLine[];
}

/** Takes from a report what is to be kept. */
export function baselineOf(report: Report): Baseline {
  const { date, machine, versions, scale } = report;
  const lines = [...ratioLines(report), ...valueLines(report)];
  return { date, machine, versions, scale: scale.name, rounds: scale.rounds, lines };
}

/** Reads one from a file. */
export async function readBaseline(file: string): Promise<Baseline> {
  return JSON.parse(await readFile(file, 'utf8')) as Baseline;
}

/** Writes one to a file. */
export async function writeBaseline(file: string, baseline: Baseline): Promise<void> {
  await writeFile(file, `${JSON.stringify(baseline, rounded, 2)}\n`);
}

function ratioLines({ results }: Report): BaselineLine[] {
  return results
    .filter(({ measure }) => !clientMeasures.includes(measure))
    .flatMap(({ work, measure, better, ratios }) =>
      Object.entries(ratios).map(([to, reached]) => ({
        work,
        measure,
        to: to as ContenderName,
        better,
        reached,
      })),
    );
}

function valueLines({ verdicts }: Report): BaselineLine[] {
  return verdicts.flatMap(({ target, reached }) => {
    if (reached === undefined || isRatio(target)) return [];
    const { work, measure, to, atLeast } = target;
    const title = to === 'value' ? measure : `${measure} less that of ${to}`;
    const better = atLeast === undefined ? 'less' : 'more';
    return [{ work, measure: title, to: 'value', better, reached }];
  });
}

/** Four digits: more would be noise in each diff. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
