import { collectDefaultMetrics, Registry, type Gauge } from 'prom-client';
import type { MirrorObserver } from '../mirror/mirrorObserver.ts';
import type { MeasuredRequest } from '../mirror/requestObserver.ts';
import type { EvictionReason } from '../store/evictionReason.ts';
import type {
  RateLimitReading,
  SetAsideReason,
  ThrottleReason,
  UpstreamCircuit,
  UpstreamObserver,
  UpstreamOperation,
  UpstreamStatus,
} from '../upstream/upstreamObserver.ts';
import { RequestCounts } from './requestCounts.ts';
import { ExporterGauges } from './exporterNames.ts';
import { createInstruments, type Instruments, type MeasuredUpstream } from './instruments.ts';

/** What is read off the cache at the moment of a scrape. */
export interface CacheReadings {
  readonly fillsInFlight: number;
  readonly fillWaiters: number;
  readonly cacheBytes: number;
  readonly cacheBlobs: number;
  /** 0 where nothing but the free disk space bounds the cache. */
  readonly cacheMaxBytes: number;
  readonly diskFreeBytes: number;
  /** Of blobs that are being written, or broke off. */
  readonly incomingBytes: number;
  readonly quarantinedBytes: number;
  readonly pinnedBytes: number;
  /** From 0 to 1; 0 while no scrub is under way. */
  readonly scrubProgress: number;
  /** Milliseconds since the epoch; `undefined` before the first time. */
  readonly scrubCompletedAt: number | undefined;
}

// What a gauge shows when its reading failed: no number at all, rather than one that is not true.
const unread: CacheReadings = {
  fillsInFlight: Number.NaN,
  fillWaiters: Number.NaN,
  cacheBytes: Number.NaN,
  cacheBlobs: Number.NaN,
  cacheMaxBytes: Number.NaN,
  diskFreeBytes: Number.NaN,
  incomingBytes: Number.NaN,
  quarantinedBytes: Number.NaN,
  pinnedBytes: Number.NaN,
  scrubProgress: Number.NaN,
  scrubCompletedAt: undefined,
};

/** What the metrics are made for. */
export interface MetricsOptions {
  readonly upstreams: readonly MeasuredUpstream[];
  /** The version of this program. */
  readonly version: string;
  /** The upstream whose limits are also shown under the names of other exporters; absent: none. */
  readonly exporterNamesFor?: string;
}

/**
 * All that is counted, in a registry of its own. Labels hold upstreams, accounts and closed sets of
 * words, never a repository, tag, digest or client: twenty thousand series block a scrape, and the
 * event loop with it, for a tenth of a second.
 */
export class Metrics implements Omit<UpstreamObserver, 'credentialFailed'>, MirrorObserver {
  readonly #registry = new Registry();
  readonly #instruments: Instruments;
  readonly #requests: RequestCounts;
  #exporterGauges: ExporterGauges | undefined;

  constructor(options: MetricsOptions) {
    this.#instruments = createInstruments(this.#registry, options.upstreams);
    this.#requests = new RequestCounts(this.#instruments);
    this.#instruments.buildInfo.set({ version: options.version, node: process.version }, 1);
    if (options.exporterNamesFor !== undefined) {
      this.#exporterGauges = new ExporterGauges(this.#registry, options.exporterNamesFor);
    }
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The `Content-Type` of {@link scrape}'s text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus' text format; without readings the gauges of the cache are NaN. */
  async scrape(readings: CacheReadings = unread): Promise<string> {
    this.#readCache(readings);
    this.#requests.flush();
    return this.#registry.metrics();
  }

  /** So many bytes of content were hashed anew. */
  scrubbed(bytes: number): void {
    this.#instruments.scrubbedBytes.inc(bytes);
  }

  /** A file of content was found damaged when it was hashed anew. */
  damageFound(): void {
    this.#instruments.scrubDamaged.inc();
  }

  /** The schedule had an image fetched, or tried in vain to. */
  imageWarmed(result: 'warmed' | 'failed'): void {
    this.#instruments.warmedImages.inc({ result });
  }

  /** A client's request ended. */
  requestFinished(request: MeasuredRequest): void {
    this.#requests.count(request);
  }

  /** A file of content, of so many bytes, left the cache. */
  evicted(size: number, reason: EvictionReason): void {
    this.#instruments.evictedBlobs.inc({ reason });
    this.#instruments.evictedBytes.inc({ reason }, size);
  }

  exchanged(upstream: string, operation: UpstreamOperation, status: UpstreamStatus): void {
    this.#instruments.upstreamRequests.inc({ upstream, operation, status });
  }

  answered(upstream: string, operation: UpstreamOperation, milliseconds: number): void {
    this.#instruments.upstreamDuration.observe({ upstream, operation }, milliseconds / 1000);
  }

  pullCounted(upstream: string, account: string): void {
    this.#instruments.upstreamPulls.inc({ upstream, account });
  }

  throttled(upstream: string, account: string, reason: ThrottleReason): void {
    this.#instruments.upstreamThrottled.inc({ upstream, account, reason });
  }

  accountSetAside(upstream: string, account: string, reason: SetAsideReason): void {
    this.#instruments.accountUsable.set({ upstream, account }, 0);
    if (reason === 'refused') this.#instruments.accountRefusals.inc({ upstream, account });
  }

  accountBack(upstream: string, account: string): void {
    this.#instruments.accountUsable.set({ upstream, account }, 1);
  }

  rateLimitRead(upstream: string, account: string, reading: RateLimitReading | undefined): void {
    const labels = { upstream, account };
    const { ratelimitLimit, ratelimitRemaining, ratelimitWindow, ratelimitReset } =
      this.#instruments;
    this.#instruments.ratelimitHeadersPresent.set(labels, reading === undefined ? 0 : 1);
    setOrRemove(ratelimitLimit, labels, reading?.limit);
    setOrRemove(ratelimitRemaining, labels, reading?.remaining);
    setOrRemove(ratelimitWindow, labels, reading?.windowSeconds);
    setOrRemove(ratelimitReset, labels, secondsOf(reading?.resetAt));
    this.#exporterGauges?.read(upstream, account, reading);
  }

  reachable(upstream: string, up: boolean): void {
    this.#instruments.upstreamUp.set({ upstream }, up ? 1 : 0);
  }

  circuitChanged(upstream: string, circuit: UpstreamCircuit, refusal: unknown): void {
    const value = refusal === undefined ? 0 : 1;
    this.#instruments.upstreamCircuitOpen.set({ upstream, circuit }, value);
  }

  pulledBytes(upstream: string, kind: 'blob' | 'manifest', bytes: number): void {
    this.#instruments.proxyPulledBytes.inc({ type: kind, upstream_host: upstream }, bytes);
  }

  fillResumed(upstream: string): void {
    this.#instruments.fillResumes.inc({ upstream });
  }

  digestMismatched(upstream: string): void {
    this.#instruments.digestMismatches.inc({ upstream });
  }

  fillFailed(upstream: string): void {
    this.#instruments.fillFailures.inc({ upstream });
  }

  #readCache(readings: CacheReadings): void {
    const to = this.#instruments;
    to.fillsInFlight.set(readings.fillsInFlight);
    to.fillWaiters.set(readings.fillWaiters);
    to.cacheBytes.set(readings.cacheBytes);
    to.cacheBlobs.set(readings.cacheBlobs);
    to.cacheMaxBytes.set(readings.cacheMaxBytes);
    to.diskFreeBytes.set(readings.diskFreeBytes);
    to.cacheIncomingBytes.set(readings.incomingBytes);
    to.cacheQuarantinedBytes.set(readings.quarantinedBytes);
    to.cachePinnedBytes.set(readings.pinnedBytes);
    to.scrubProgress.set(readings.scrubProgress);
    setOrRemove(to.scrubCompleted, {}, secondsOf(readings.scrubCompletedAt));
  }
}

function secondsOf(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function setOrRemove(
  gauge: Pick<Gauge<string>, 'set' | 'remove'>,
  labels: Readonly<Record<string, string>>,
  value: number | undefined,
): void {
  if (value === undefined) gauge.remove(labels);
  else gauge.set(labels, value);
}
