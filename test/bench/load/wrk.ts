import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { endedChildrenCpuSeconds } from '../processUsage.ts';
import { accept } from './accept.ts';
import { parseWrk, type WrkAnswers } from './wrkOutput.ts';

const run = promisify(execFile);

/** How `wrk` asks. */
export interface WrkOrder {
  /** What is asked for; several are asked for in turn. */
  readonly urls: readonly [string, ...string[]];
  /** What requests have for `Authorization`, in turn; by default nothing. */
  readonly authorizations?: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

/** What it found. */
export interface WrkLoad extends WrkAnswers {
  /** Cores that the client was busy on. */
  readonly clientCores: number;
}

/** Asks for small answers again and again with `wrk`. Rejects unless all are 2xx. */
export async function load(
  { urls, authorizations = [], connections, seconds }: WrkOrder,
  signal: AbortSignal,
): Promise<WrkLoad> {
  const duration = `${Math.max(1, Math.round(seconds))}`;
  const args = ['--latency', '--threads', '1', '--connections', String(connections)];
  // An answer that takes longer than wrk's time-out, 2 s by default, is an error to it.
  const more = ['--duration', duration, '--timeout', '30s', '--header', `Accept: ${accept}`];
  const paths = urls.map((url) => new URL(url).pathname);
  const turns = [...paths, ...authorizations];
  const script =
    turns.length > 1 ? ['--script', new URL('inTurn.lua', import.meta.url).pathname] : [];
  const before = await endedChildrenCpuSeconds();
  const { stdout } = await run(
    'wrk',
    [...args, ...more, ...script, urls[0], ...(script.length > 0 ? ['--', ...turns] : [])],
    { signal },
  );
  const clientCpuSeconds = (await endedChildrenCpuSeconds()) - before;
  return { ...parseWrk(stdout), clientCores: clientCpuSeconds / Number(duration) };
}
