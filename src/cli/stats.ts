import { flagText, UsageError, type Command, type CommandContext } from './command.ts';
import { loadConfigurationFor } from './settingFlags.ts';
import {
  localSource,
  metricsUrl,
  NoStatsError,
  readStats,
  type StatsSource,
} from './statsSource.ts';
import type { Stats } from './statsSummary.ts';
import { statsLines } from './statsText.ts';
import { watch, type WatchOptions } from './statsWatch.ts';

const defaultSeconds = 2;
const longestSeconds = 86_400;

/** The `stats` command. */
export const stats: Command = {
  name: 'stats',
  summary: 'Show what a running mirror does: accounts, hits, bytes saved, the cache.',
  details: [
    'It reads the metrics of the mirror at ops.listen of the configuration, or at --url.',
    '',
    '--json prints an object with version, startedAt and',
    '  upstreams  an array: host, up, openCircuits and accounts, an array: name, usable, remaining,',
    '             limit, windowSeconds, resetAt, countedPulls, throttled, refusedLogIns',
    '  requests   manifest, blob, tags, referrers, each with hits, misses, stale, negative, denied,',
    '             errors, hitRatio (0 to 1)',
    '  bytes      served, pulled, saved (served - pulled)',
    '  cache      bytes, blobs, maxBytes (null: none is set), diskFreeBytes',
    '  fills      inFlight, waiters',
    'Counts are since startedAt, times are in ISO 8601, and what is not known is null.',
  ],
  options: {
    url: { type: 'string', value: 'URL', description: 'The ops endpoints: http[s]://HOST:PORT.' },
    watch: {
      type: 'string',
      value: 'SECONDS',
      optional: true,
      description: `Show it again every so many seconds (${defaultSeconds}), until Ctrl-C.`,
    },
    json: { type: 'boolean', description: 'Print JSON; with --watch one object a line.' },
  },
  run: async (context) => {
    const interval = readInterval(context);
    const source = chosenSource(context);
    try {
      await show(context, source, interval);
      return 0;
    } catch (error) {
      if (!(error instanceof NoStatsError)) throw error;
      context.stderr.write(`pullthrough: ${error.message}\n`);
      return 1;
    }
  },
};

async function show(
  context: CommandContext,
  source: StatsSource,
  interval: number | undefined,
): Promise<void> {
  const { stdout } = context;
  if (interval === undefined) {
    const figures = await readStats(source, new AbortController().signal);
    const text = context.flags.has('json') ? json(figures, 2) : lines(figures).join('\n');
    stdout.write(`${text}\n`);
    return;
  }
  const read = lookAgain(source, context.flags.has('json'));
  await watch({ signals: process, stdout, interval, read });
}

/** Reads and renders. After the first time, people are told what is wrong; scripts get the error. */
function lookAgain(source: StatsSource, asJson: boolean): WatchOptions['read'] {
  let seen = false;
  return async (signal) => {
    try {
      const figures = await readStats(source, signal);
      seen = true;
      return asJson ? [json(figures)] : lines(figures);
    } catch (error) {
      if (asJson || !seen || !(error instanceof NoStatsError)) throw error;
      return [error.message];
    }
  };
}

function chosenSource(context: CommandContext): StatsSource {
  const given = flagText(context, 'url');
  if (given !== undefined) return { url: metricsUrl(given) };
  return localSource(loadConfigurationFor(context).configuration.ops);
}

/** Milliseconds between two looks; `undefined` for one look. */
function readInterval(context: CommandContext): number | undefined {
  if (!context.flags.has('watch')) return undefined;
  const seconds = Number(flagText(context, 'watch') ?? defaultSeconds);
  if (seconds >= 0.1 && seconds <= longestSeconds) return seconds * 1000;
  throw new UsageError(`--watch takes seconds, from 0.1 to ${longestSeconds}`);
}

function lines(figures: Stats): readonly string[] {
  return statsLines(figures, Date.now());
}

// A key that comes and goes is a nuisance to scripts.
function json(figures: Stats, indent?: number): string {
  return JSON.stringify(figures, (_, value: unknown) => value ?? null, indent);
}
