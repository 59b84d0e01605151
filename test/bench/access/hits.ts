import { truncate } from 'node:fs/promises';
import { load } from '../load/wrk.ts';
import { cpuSeconds } from '../processUsage.ts';
import { spreadOf, type Spread } from '../report/spread.ts';
import type { Server } from '../server.ts';

/** A kind of request, as it is sent to a mirror. */
export interface Case {
  readonly title: string;
  readonly server: Server;
  /** Where it writes its log: the lines of millions of requests are not kept. */
  readonly logFile: string;
  readonly url: string;
  /** Those of users, in turn. */
  readonly authorizations?: readonly string[];
}

/** What one request takes, in seconds. */
export interface Cost {
  /** Of CPU time, of all threads. */
  readonly cpu: number;
  /** Between two answers, the server being busy all the time. */
  readonly time: number;
}

/** What kinds of requests take, by their titles: of each the same number of measurements. */
export type Costs = ReadonlyMap<string, readonly Cost[]>;

/** What a request takes beside another. */
export interface Compared {
  readonly title: string;
  /** Medians, in seconds. */
  readonly cost: Cost;
  /** Divided by what the other took in the same round. */
  readonly cpuRatio: Spread;
  readonly timeRatio: Spread;
  /** Of the least CPU times of all rounds. Other work on the machine only adds to them. */
  readonly leastRatio: number;
}

/** How they are measured. */
export interface Rounds {
  readonly rounds: number;
  /** Of each measurement, a whole number. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

const connections = 32;

/** Measures all of them in each round, one after the other; who goes first changes. */
export async function measureCases(
  cases: readonly Case[],
  { rounds, seconds, signal }: Rounds,
): Promise<Costs> {
  // Else the first round would be done by code that the engine has not compiled yet.
  for (const one of cases) await measure(one, seconds, signal);
  const costs = new Map<string, Cost[]>(cases.map(({ title }) => [title, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of turned(cases, round)) {
      costs.get(one.title)?.push(await measure(one, seconds, signal));
    }
  }
  return costs;
}

/**
 * Compares all with the first. A machine's speed drifts by more than what is looked for: what counts is the median
 * of the ratios within a round.
 */
export function compareCosts(costs: Costs): Compared[] {
  const [base = []] = costs.values();
  return Array.from(costs, ([title, own]) => {
    const ratio = (kind: keyof Cost): Spread =>
      spreadOf(own.map((cost, round) => cost[kind] / (base[round]?.[kind] ?? Number.NaN)));
    const median = (kind: keyof Cost): number => spreadOf(own.map((cost) => cost[kind])).median;
    return {
      title,
      cost: { cpu: median('cpu'), time: median('time') },
      cpuRatio: ratio('cpu'),
      timeRatio: ratio('time'),
      leastRatio: leastCpu(own) / leastCpu(base),
    };
  });
}

function leastCpu(costs: readonly Cost[]): number {
  return spreadOf(costs.map(({ cpu }) => cpu)).least;
}

/** The measurements of several turns as one list of each. */
export function joinCosts(turns: readonly Costs[]): Costs {
  const joined = new Map<string, readonly Cost[]>();
  for (const [title, costs] of turns.flatMap((turn) => [...turn])) {
    joined.set(title, [...(joined.get(title) ?? []), ...costs]);
  }
  return joined;
}

async function measure(one: Case, seconds: number, signal: AbortSignal): Promise<Cost> {
  const { server, logFile, url, authorizations = [] } = one;
  // Twice the same, so that the client does as much where it has one request to send as where it has a hundred.
  const order = { urls: [url, url], authorizations, connections, seconds } as const;
  const before = await cpuSeconds(server.pid);
  const { requests, perSecond } = await load(order, signal);
  const cpu = (await cpuSeconds(server.pid)) - before;
  await truncate(logFile);
  return { cpu: cpu / requests, time: 1 / perSecond };
}

function turned<T>(items: readonly T[], round: number): readonly T[] {
  const start = Math.floor(round / 2) % items.length;
  const list = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? list : list.toReversed();
}
