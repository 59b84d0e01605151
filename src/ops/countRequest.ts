import { registryErrors } from '../registry/errors.ts';
import { cacheOutcomes, type CacheOutcome, type RequestOutcome } from '../mirror/mirrorObserver.ts';
import type { MeasuredRequest } from '../mirror/requestObserver.ts';
import type { Instruments } from './instruments.ts';
import { countedMethods } from './metricDefinitions.ts';

const countedStatuses: ReadonlySet<number> = new Set([
  200,
  206,
  304,
  ...Object.values(registryErrors).map(({ status }) => status),
]);

/** Counts a finished request everywhere it belongs. */
export function countRequest(instruments: Instruments, request: MeasuredRequest): void {
  const { route, kind, outcome, upstream } = request;
  const method = methodLabel(request.method);
  const status = statusLabel(request.status);
  instruments.requestDuration.observe({ route, method, status }, request.durationSeconds);
  if (kind === undefined || outcome === undefined) return;
  if (request.firstByteSeconds !== undefined) {
    instruments.firstByte.observe({ kind, outcome }, request.firstByteSeconds);
  }
  if (upstream === undefined) return;
  instruments.requests.inc({ upstream, kind, outcome });
  if (kind === 'blob' || kind === 'manifest') {
    countProxied(instruments, { type: kind, upstream_host: upstream }, outcome, request);
  }
}

function countProxied(
  instruments: Instruments,
  labels: { type: string; upstream_host: string },
  outcome: RequestOutcome,
  { status, bytesSent }: MeasuredRequest,
): void {
  instruments.proxyRequests.inc(labels);
  if (outcome === 'miss') instruments.proxyMisses.inc(labels);
  else if (isServed(outcome)) instruments.proxyHits.inc(labels);
  // The body of an error is no content; that of a transfer that failed after its head is.
  if (status < 400) instruments.proxyPushedBytes.inc(labels, bytesSent);
}

function isServed(outcome: RequestOutcome): outcome is CacheOutcome {
  return (cacheOutcomes as readonly string[]).includes(outcome);
}

// A client may send any of the methods that HTTP knows: they must not become time series.
function methodLabel(method: string): string {
  return (countedMethods as readonly string[]).includes(method) ? method : 'other';
}

function statusLabel(status: number): string {
  return countedStatuses.has(status) ? String(status) : `${Math.trunc(status / 100)}xx`;
}
