import { requestKinds, requestOutcomes } from '../mirror/mirrorObserver.ts';
import { requestRoutes } from '../mirror/requestObserver.ts';
import { evictionReasons } from '../store/evictionReason.ts';
import {
  upstreamOperations,
  upstreamStatuses,
  type ThrottleReason,
  type UpstreamCircuit,
} from '../upstream/upstreamObserver.ts';
import { counter, gauge, histogram, type MetricDefinition } from './metricDefinition.ts';

const open: readonly string[] = [];
const proxyLabels = { type: ['blob', 'manifest'], upstream_host: open } as const;
const throttleReasons: readonly ThrottleReason[] = ['pull_limit', 'abuse_limit'];
const circuits: readonly UpstreamCircuit[] = ['api', 'blob'];
const accountLabels = { upstream: open, account: open } as const;

/** Methods that have a label value of their own: pulls, and the verbs of pushes that are refused. */
export const countedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

// A manifest from memory takes about a millisecond; a layer of gigabytes on a slow line, minutes.
const durationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

// containerd from 2.3 on gives up a request that has no response headers after 30 s.
const firstByteBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

// A free HEAD takes some 100 ms; a call is given up after half a minute at most.
const upstreamBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 20, 30, 60,
];

/**
 * Every metric of this program. The five `registry_proxy_*` have the names and the label `type` of
 * CNCF Distribution 3, and the label `upstream_host` that Gardener's dashboard adds to them.
 */
export const metricDefinitions = {
  proxyRequests: counter(
    'registry_proxy_requests_total',
    proxyLabels,
    'Requests for blobs and manifests, however they ended.',
  ),
  proxyHits: counter(
    'registry_proxy_hits_total',
    proxyLabels,
    'Requests served without a fetch of their own: hit, revalidated, joined or stale. Hits and misses together are the requests that were served.',
  ),
  proxyMisses: counter(
    'registry_proxy_misses_total',
    proxyLabels,
    'Requests served by fetching the content from the upstream.',
  ),
  proxyPulledBytes: counter(
    'registry_proxy_pulled_bytes_total',
    proxyLabels,
    'Bytes of content that came in from the upstream.',
  ),
  proxyPushedBytes: counter(
    'registry_proxy_pushed_bytes_total',
    proxyLabels,
    'Bytes of content sent to clients: what was really sent, for a range or a broken transfer too.',
  ),
  requests: counter(
    'pullthrough_requests_total',
    { upstream: open, kind: requestKinds, outcome: requestOutcomes },
    'Requests by what was asked for and how it ended.',
  ),
  upstreamRequests: counter(
    'pullthrough_upstream_requests_total',
    { upstream: open, operation: upstreamOperations, status: upstreamStatuses },
    'HTTP exchanges with an upstream, its token service and its blob storage included.',
  ),
  upstreamDuration: histogram(
    'pullthrough_upstream_request_duration_seconds',
    { upstream: open, operation: upstreamOperations },
    upstreamBuckets,
    "From a request's departure to the head of the upstream's answer; requests without an answer are not in it.",
  ),
  upstreamPulls: counter(
    'pullthrough_upstream_pulls_total',
    accountLabels,
    "Requests that count against Docker Hub's pull limit: manifest GETs.",
  ),
  upstreamThrottled: counter(
    'pullthrough_upstream_throttled_total',
    { ...accountLabels, reason: throttleReasons },
    'Answers with status 429.',
  ),
  accountUsable: {
    ...gauge(
      'pullthrough_account_usable',
      accountLabels,
      '0 from the moment the account is set aside, because its log-in was refused or its pulls are used up, until it is of use again; else 1.',
    ),
    start: 1,
  },
  accountRefusals: counter(
    'pullthrough_account_refusals_total',
    accountLabels,
    'Times the account was set aside because its log-in was refused or its secret could not be read.',
  ),
  ratelimitLimit: {
    ...gauge(
      'pullthrough_ratelimit_limit',
      accountLabels,
      'Pulls allowed in a window, as the upstream told last; absent when it never did.',
    ),
    absentUntilRead: true,
  },
  ratelimitRemaining: {
    ...gauge(
      'pullthrough_ratelimit_remaining',
      accountLabels,
      'Pulls left in the window, as the upstream told last; absent when it never did.',
    ),
    absentUntilRead: true,
  },
  ratelimitWindow: {
    ...gauge(
      'pullthrough_ratelimit_window_seconds',
      accountLabels,
      'Length of the window, as the upstream told last; absent when it never did.',
    ),
    absentUntilRead: true,
  },
  ratelimitReset: {
    ...gauge(
      'pullthrough_ratelimit_reset_timestamp_seconds',
      accountLabels,
      'When the pulls of the window are expected back, in seconds since 1970; an estimate, absent until there is one.',
    ),
    absentUntilRead: true,
  },
  ratelimitHeadersPresent: gauge(
    'pullthrough_ratelimit_headers_present',
    accountLabels,
    '1 when the upstream told a limit by rate-limit headers; accounts without a limit get none.',
  ),
  upstreamUp: gauge(
    'pullthrough_upstream_up',
    { upstream: open },
    '1 while the upstream answers; 0 when it did not, and before it was first asked.',
  ),
  upstreamCircuitOpen: gauge(
    'pullthrough_upstream_circuit_open',
    { upstream: open, circuit: circuits },
    '1 while calls of that kind are refused without asking, because the upstream fails.',
  ),
  fillsInFlight: gauge(
    'pullthrough_fills_in_flight',
    {},
    'Blobs that are being fetched from an upstream.',
  ),
  fillWaiters: gauge(
    'pullthrough_fill_waiters',
    {},
    'Clients that are reading blobs while these are being fetched.',
  ),
  fillResumes: counter(
    'pullthrough_fill_resumes_total',
    { upstream: open },
    'Broken blob transfers that were taken up again where they broke.',
  ),
  fillFailures: counter(
    'pullthrough_fill_failures_total',
    { upstream: open },
    'Blobs whose transfer was given up; the next request starts it anew.',
  ),
  digestMismatches: counter(
    'pullthrough_digest_mismatches_total',
    { upstream: open },
    'Blobs and manifests whose bytes did not have the digest they were asked for by; none is kept.',
  ),
  cacheBytes: gauge('pullthrough_cache_bytes', {}, 'Bytes of content in the cache.'),
  cacheBlobs: gauge('pullthrough_cache_blobs', {}, 'Files of content in the cache.'),
  cacheMaxBytes: gauge(
    'pullthrough_cache_max_bytes',
    {},
    'The configured bound of the cache; 0 when only the free disk space bounds it.',
  ),
  cacheIncomingBytes: gauge(
    'pullthrough_cache_incoming_bytes',
    {},
    'Bytes of blobs that are being written, or broke off and are kept to go on with.',
  ),
  cacheQuarantinedBytes: gauge(
    'pullthrough_cache_quarantined_bytes',
    {},
    'Bytes of damaged files that are kept for a look at them.',
  ),
  cachePinnedBytes: gauge(
    'pullthrough_cache_pinned_bytes',
    {},
    'Bytes of content that `storage.pin` keeps from being evicted.',
  ),
  diskFreeBytes: gauge(
    'pullthrough_disk_free_bytes',
    {},
    'Free space on the disk that holds the cache.',
  ),
  evictedBlobs: counter(
    'pullthrough_evicted_blobs_total',
    { reason: evictionReasons },
    'Files of content that were removed from the cache.',
  ),
  evictedBytes: counter(
    'pullthrough_evicted_bytes_total',
    { reason: evictionReasons },
    'Bytes of content that were removed from the cache.',
  ),
  scrubCompleted: {
    ...gauge(
      'pullthrough_scrub_last_completed_timestamp_seconds',
      {},
      'When everything that was held had last been hashed anew, as a Unix time; absent before the first time.',
    ),
    absentUntilRead: true,
  },
  scrubProgress: gauge(
    'pullthrough_scrub_progress_ratio',
    {},
    'How much of the cache the scrub that is under way has hashed; 0 while none is.',
  ),
  scrubbedBytes: counter(
    'pullthrough_scrubbed_bytes_total',
    {},
    'Bytes of content that were hashed anew.',
  ),
  scrubDamaged: counter(
    'pullthrough_scrub_damaged_blobs_total',
    {},
    'Files of content that were found damaged when they were hashed anew, and removed.',
  ),
  warmedImages: counter(
    'pullthrough_warmed_images_total',
    { result: ['warmed', 'failed'] },
    'Images that the schedule of `warm` had fetched, or tried in vain to.',
  ),
  requestDuration: histogram(
    'pullthrough_http_request_duration_seconds',
    { route: requestRoutes, method: [...countedMethods, 'other'], status: open },
    durationBuckets,
    "From a request's arrival to the last byte of its answer.",
  ),
  firstByte: histogram(
    'pullthrough_time_to_first_byte_seconds',
    { kind: requestKinds, outcome: requestOutcomes },
    firstByteBuckets,
    "From a request's arrival to the first byte of its answer.",
  ),
  buildInfo: gauge(
    'pullthrough_build_info',
    { version: open, node: open },
    'Always 1; the labels tell the versions of the program and of Node.',
  ),
} as const satisfies Record<string, MetricDefinition>;
