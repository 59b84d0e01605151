import type { AccountStats, Stats, UpstreamStats } from './statsSummary.ts';
import { showBytes, showCount, showShare, showSpan } from './statsUnits.ts';

const unknown = '-';

/** The figures for people, in lines; `now` is in ms since 1970. */
export function statsLines(stats: Stats, now: number): readonly string[] {
  const lines = [
    heading(stats, now),
    '',
    ...stats.upstreams.flatMap((upstream) => [...upstreamLines(upstream, now), '']),
    ...requestLines(stats),
    '',
    ...table([
      ['bytes', bytesText(stats)],
      ['cache', cacheText(stats)],
      ['fills', fillsText(stats)],
    ]),
  ];
  // The names come over the network: nothing in them may move the cursor of a terminal.
  return lines.map((line) => line.replaceAll(/\p{Cc}/gu, '?'));
}

function heading({ version, startedAt }: Stats, now: number): string {
  const name = `pullthrough ${version ?? ''}`.trimEnd();
  if (startedAt === undefined) return name;
  return `${name}, started ${showSpan(now - Date.parse(startedAt))} ago; everything is counted since`;
}

function upstreamLines(upstream: UpstreamStats, now: number): readonly string[] {
  const rows = upstream.accounts.map((account) => accountRow(account, now));
  const head = ['account', 'usable', 'pulls left', 'back in', 'counted pulls', 'throttled'];
  return [`${upstream.host}: ${stateText(upstream)}`, ...indented(table([head, ...rows]))];
}

function stateText({ up, openCircuits }: UpstreamStats): string {
  const state = up === undefined ? 'not asked yet' : up ? 'answers' : 'does not answer';
  if (openCircuits.length === 0) return state;
  return `${state}; not asked for a while: ${openCircuits.join(', ')}`;
}

function accountRow(account: AccountStats, now: number): readonly string[] {
  const { name, usable, resetAt, countedPulls, throttled } = account;
  return [
    name,
    usable === undefined ? unknown : usable ? 'yes' : 'no',
    quotaText(account),
    resetAt === undefined ? unknown : showSpan(Date.parse(resetAt) - now),
    countText(countedPulls),
    countText(throttled),
  ];
}

function quotaText({ remaining, limit }: AccountStats): string {
  if (remaining === undefined && limit === undefined) return 'no limit told';
  const left = remaining === undefined ? 'some' : showCount(remaining);
  return limit === undefined ? left : `${left} of ${showCount(limit)}`;
}

function requestLines({ requests }: Stats): readonly string[] {
  const rows = Object.entries(requests).map(([kind, of]) => [
    kind,
    showCount(of.hits + of.misses),
    of.hitRatio === undefined ? unknown : showShare(of.hitRatio),
    showCount(of.stale),
    showCount(of.negative + of.denied),
    showCount(of.errors),
  ]);
  return table([['requests', 'served', 'hits', 'stale', 'not found', 'errors'], ...rows]);
}

function bytesText({ bytes: { served, pulled, saved } }: Stats): string {
  const share = served > 0 && saved > 0 ? ` (${showShare(saved / served)})` : '';
  return `served ${showBytes(served)}, pulled ${showBytes(pulled)}, saved ${showBytes(saved)}${share}`;
}

function cacheText({ cache: { bytes, blobs, maxBytes, diskFreeBytes } }: Stats): string {
  if (bytes === undefined) return 'could not be measured';
  const fill =
    maxBytes === undefined
      ? showBytes(bytes)
      : `${showBytes(bytes)} of ${showBytes(maxBytes)} (${showShare(bytes / maxBytes)})`;
  const free = diskFreeBytes === undefined ? unknown : showBytes(diskFreeBytes);
  return `${fill}, ${countText(blobs)} blobs; ${free} free on the disk`;
}

function fillsText({ fills: { inFlight, waiters } }: Stats): string {
  return `${countText(inFlight)} in flight, ${countText(waiters)} clients waiting`;
}

function countText(count: number | undefined): string {
  return count === undefined ? unknown : showCount(count);
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

/** Rows in columns that stand below each other. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const width = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  );
}
