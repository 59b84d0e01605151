import { cacheOutcomes, requestKinds, type RequestKind } from '../mirror/mirrorObserver.ts';
import { metricDefinitions as metrics } from '../ops/metricDefinitions.ts';
import type { Scrape } from './statsScrape.ts';

/** An account of an upstream. What is not known is `undefined`, here and below. */
export interface AccountStats {
  /** `anonymous` where no account is used. */
  readonly name: string;
  readonly usable: boolean | undefined;
  /** Pulls that are left of the window's `limit`. */
  readonly remaining: number | undefined;
  readonly limit: number | undefined;
  readonly windowSeconds: number | undefined;
  /** When pulls are expected back, in ISO 8601. */
  readonly resetAt: string | undefined;
  /** Requests that counted against the limit, as this mirror counted them. */
  readonly countedPulls: number | undefined;
  readonly throttled: number | undefined;
  readonly refusedLogIns: number | undefined;
}

/** A registry that is mirrored. */
export interface UpstreamStats {
  readonly host: string;
  /** Whether it answers; `undefined` when it was not asked yet. */
  readonly up: boolean | undefined;
  /** Kinds of calls that are refused without asking it: `api`, `blob`. */
  readonly openCircuits: readonly string[];
  readonly accounts: readonly AccountStats[];
}

/** How requests of one kind ended. */
export interface RequestStats {
  /** Served without a fetch of their own, stale ones included. */
  readonly hits: number;
  readonly misses: number;
  /** Served as last known, because the upstream failed. */
  readonly stale: number;
  readonly negative: number;
  readonly denied: number;
  readonly errors: number;
  /** Hits among the requests that were served, from 0 to 1; `undefined` when none was. */
  readonly hitRatio: number | undefined;
}

/** What `stats` tells of a mirror; every count is since its start, sizes are in bytes. */
export interface Stats {
  readonly version: string | undefined;
  /** In ISO 8601. */
  readonly startedAt: string | undefined;
  readonly upstreams: readonly UpstreamStats[];
  readonly requests: Readonly<Record<RequestKind, RequestStats>>;
  readonly bytes: {
    /** Sent to clients. */
    readonly served: number;
    /** Fetched from the upstreams. */
    readonly pulled: number;
    /** The difference: negative when more came in than went out. */
    readonly saved: number;
  };
  readonly cache: {
    readonly bytes: number | undefined;
    readonly blobs: number | undefined;
    /** `undefined` when only the free space on the disk bounds it. */
    readonly maxBytes: number | undefined;
    readonly diskFreeBytes: number | undefined;
  };
  readonly fills: { readonly inFlight: number | undefined; readonly waiters: number | undefined };
}

/** Makes the figures of `stats` from a scrape; `undefined` when it is none of a pullthrough. */
export function summarize(scrape: Scrape): Stats | undefined {
  const [version] = scrape.labelValues(metrics.buildInfo.name, 'version');
  if (version === undefined) return undefined;
  const served = scrape.sum(metrics.proxyPushedBytes.name) ?? 0;
  const pulled = scrape.sum(metrics.proxyPulledBytes.name) ?? 0;
  const requests = requestKinds.map((kind) => [kind, requestStats(scrape, kind)]);
  return {
    version,
    startedAt: instant(scrape.sum('process_start_time_seconds')),
    upstreams: scrape
      .labelValues(metrics.upstreamUp.name, 'upstream')
      .map((host) => upstreamStats(scrape, host)),
    requests: Object.fromEntries(requests) as Stats['requests'],
    bytes: { served, pulled, saved: served - pulled },
    cache: {
      bytes: scrape.sum(metrics.cacheBytes.name),
      blobs: scrape.sum(metrics.cacheBlobs.name),
      maxBytes: scrape.sum(metrics.cacheMaxBytes.name) || undefined,
      diskFreeBytes: scrape.sum(metrics.diskFreeBytes.name),
    },
    fills: {
      inFlight: scrape.sum(metrics.fillsInFlight.name),
      waiters: scrape.sum(metrics.fillWaiters.name),
    },
  };
}

function upstreamStats(scrape: Scrape, host: string): UpstreamStats {
  const upstream = { upstream: host };
  const circuit = metrics.upstreamCircuitOpen.name;
  const asked = scrape.sum(metrics.upstreamRequests.name, upstream);
  return {
    host,
    up: asked === 0 ? undefined : yes(scrape.sum(metrics.upstreamUp.name, upstream)),
    openCircuits: scrape
      .labelValues(circuit, 'circuit', upstream)
      .filter((name) => scrape.sum(circuit, { ...upstream, circuit: name }) === 1),
    accounts: scrape
      .labelValues(metrics.upstreamPulls.name, 'account', upstream)
      .map((name) => accountStats(scrape, { ...upstream, account: name })),
  };
}

function accountStats(
  scrape: Scrape,
  labels: { readonly upstream: string; readonly account: string },
): AccountStats {
  return {
    name: labels.account,
    usable: yes(scrape.sum(metrics.accountUsable.name, labels)),
    remaining: scrape.sum(metrics.ratelimitRemaining.name, labels),
    limit: scrape.sum(metrics.ratelimitLimit.name, labels),
    windowSeconds: scrape.sum(metrics.ratelimitWindow.name, labels),
    resetAt: instant(scrape.sum(metrics.ratelimitReset.name, labels)),
    countedPulls: scrape.sum(metrics.upstreamPulls.name, labels),
    throttled: scrape.sum(metrics.upstreamThrottled.name, labels),
    refusedLogIns: scrape.sum(metrics.accountRefusals.name, labels),
  };
}

function requestStats(scrape: Scrape, kind: RequestKind): RequestStats {
  const count = (outcome: string): number =>
    scrape.sum(metrics.requests.name, { kind, outcome }) ?? 0;
  const misses = count('miss');
  const served = cacheOutcomes.reduce((total, outcome) => total + count(outcome), 0);
  return {
    hits: served - misses,
    misses,
    stale: count('stale'),
    negative: count('negative'),
    denied: count('denied'),
    errors: count('error'),
    hitRatio: served === 0 ? undefined : (served - misses) / served,
  };
}

function yes(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 1;
}

function instant(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
