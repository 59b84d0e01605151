import type { ProcessFigures } from './processFigures.ts';
import type { StormResult } from './storm.ts';

/** What the process of the mirror took, and how it lived. */
export interface MirrorReport {
  /** When it served after each start. */
  readonly atStarts: readonly ProcessFigures[];
  /** When nobody asked for anything any more. */
  readonly atEnd: ProcessFigures;
  readonly kills: number;
  /** Milliseconds. */
  readonly startTimes: readonly number[];
  readonly storedFiles: number;
}

/** What happened in a storm, as lines of text. */
export function describeStorm(result: StormResult): string {
  const { ledger, bill, weather, seconds, heldInStorm, fillResumes } = result;
  const { tally } = ledger;
  const faults = [...weather.hits.values()].reduce((sum, hits) => sum + hits, 0);
  return table([
    ['seconds of storm', seconds.toFixed(0)],
    ['pulls (fair weather and offline included)', tally.pulls],
    ['  complete', tally.complete],
    ['  of images fully held when they began', tally.promised],
    ['  hung up by the client', tally.hungUp],
    ['  given up (image not fully held)', tally.givenUp],
    ['attempts again', tally.retries],
    ['  after a kill', tally.afterKill],
    ['resumes and ranges by clients', tally.resumes],
    ['images (by platform) held in the storm', heldInStorm],
    ['faults of the upstream', faults],
    ['transfers that the mirror resumed', fillResumes],
    ['upstream bytes sent', bill.sent],
    ['  needed: all content once', bill.distinct],
    ['  needed: spoilt by the upstream', bill.spoilt],
    ['  sent by needed', bill.ratio.toFixed(3)],
    ['  sent by all content once', (bill.sent / bill.distinct).toFixed(3)],
    ['violations', ledger.violations.length],
  ]);
}

/** How often each kind of fault came, and why attempts of clients failed. */
export function describeDetails({ weather, ledger }: StormResult): string {
  return [
    'faults of the upstream',
    table(sortedRows(weather.hits)),
    'failed attempts of clients',
    table(sortedRows(ledger.failures)),
  ].join('\n');
}

/** What the process took, as lines of text. */
export function describeMirror(report: MirrorReport): string {
  const { atStarts, atEnd, kills, startTimes, storedFiles } = report;
  return table([
    ['kills', kills],
    ['slowest start in ms', Math.max(...startTimes).toFixed(0)],
    ['mirror after its first start', figures(atStarts[0])],
    ['mirror after its last start', figures(atStarts.at(-1))],
    ['mirror at the end', figures(atEnd)],
    ['stored blobs, hashed again', storedFiles],
  ]);
}

type Row = readonly [string, string | number];

function sortedRows(counts: ReadonlyMap<string, number>): Row[] {
  return [...counts].toSorted(([a], [b]) => a.localeCompare(b));
}

function figures(one: ProcessFigures | undefined): string {
  if (one === undefined) return '';
  const { memory, peak, descriptors } = one;
  return `${mebibytes(memory)} MiB (peak ${mebibytes(peak)}), ${descriptors} descriptors`;
}

function table(rows: readonly Row[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(0);
}
