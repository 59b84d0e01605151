import { Agent, request } from 'undici';
import { UsageError } from './command.ts';
import { unreachableReason } from './networkReason.ts';
import { opsConnector } from './opsConnector.ts';
import { localOpsUrl, parseOpsUrl, type OpsSettings } from './opsUrl.ts';
import { parseSamples } from './statsSamples.ts';
import { Scrape } from './statsScrape.ts';
import { summarize, type Stats } from './statsSummary.ts';

/** Thrown when there are no figures to be had; the message is one line that says why and what to do. */
export class NoStatsError extends Error {
  override readonly name = 'NoStatsError';
}

// A scrape takes some milliseconds; a mirror whose disk hangs answers without figures after 5 s.
const patience = 10_000;

/** Where the metrics of a mirror are, and how they are trusted. */
export interface StatsSource {
  readonly url: URL;
  /** `ops.tls.certificateFile`, where they are those of the configuration. */
  readonly certificateFile?: string | undefined;
}

/** The metrics of a mirror on this machine. Throws a {@link UsageError} when it can't be told where they are. */
export function localSource(ops: OpsSettings): StatsSource {
  const url = localOpsUrl(ops);
  const { certificateFile } = ops.tls;
  if (url !== undefined) return { url: new URL('metrics', url), certificateFile };
  throw new UsageError('ops.listen leaves the port open, so --url must say where the mirror is');
}

/** Where the metrics are below the address that a user gave. Throws a {@link UsageError} when it is none. */
export function metricsUrl(text: string): URL {
  const url = parseOpsUrl(text);
  if (url.pathname.endsWith('/metrics')) return url;
  url.pathname = `${url.pathname.replace(/\/$/, '')}/metrics`;
  return url;
}

/** Reads the figures of the mirror whose metrics are there. Rejects with a {@link NoStatsError}. */
export async function readStats(source: StatsSource, signal: AbortSignal): Promise<Stats> {
  const { url } = source;
  const samples = parseSamples(await fetchText(source, signal));
  const stats = samples === undefined ? undefined : summarize(new Scrape(samples));
  if (stats !== undefined) return stats;
  throw new NoStatsError(`${url.href} is not the metrics of a pullthrough: ${whatToDo}`);
}

const whatToDo = 'start one ("pullthrough serve") or say with --url where its ops.listen is';

async function fetchText(
  { url, certificateFile }: StatsSource,
  signal: AbortSignal,
): Promise<string> {
  const dispatcher = new Agent({ connect: opsConnector({ certificateFile, timeout: patience }) });
  try {
    const { statusCode, body } = await request(url, {
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    const text = await body.text();
    if (statusCode === 200) return text;
    throw new NoStatsError(`${url.href} answers with status ${statusCode}: ${whatToDo}`);
  } catch (error) {
    if (error instanceof NoStatsError || signal.aborted) throw error;
    throw new NoStatsError(`cannot read ${url.href}: ${reasonOf(error, url)}; ${whatToDo}`);
  } finally {
    await dispatcher.destroy();
  }
}

function reasonOf(error: unknown, url: URL): string {
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return isLate ? `no answer within ${patience / 1000} s` : unreachableReason(error, url);
}
