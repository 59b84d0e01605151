import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { register } from 'prom-client';
import { Metrics } from '../../src/ops/metrics.ts';
import { parseExposition, valueOf, type Exposition } from './exposition.ts';

const upstreams = [
  { host: 'docker.io', accounts: ['acme', 'builds'] },
  { host: 'ghcr.io', accounts: [] },
];

// The table of the README, which dashboards and alerts rely on: name, type, labels.
const contract = [
  ['registry_proxy_requests_total', 'counter', 'type,upstream_host'],
  ['registry_proxy_hits_total', 'counter', 'type,upstream_host'],
  ['registry_proxy_misses_total', 'counter', 'type,upstream_host'],
  ['registry_proxy_pulled_bytes_total', 'counter', 'type,upstream_host'],
  ['registry_proxy_pushed_bytes_total', 'counter', 'type,upstream_host'],
  ['pullthrough_requests_total', 'counter', 'upstream,kind,outcome'],
  ['pullthrough_upstream_requests_total', 'counter', 'upstream,operation,status'],
  ['pullthrough_upstream_request_duration_seconds', 'histogram', 'upstream,operation'],
  ['pullthrough_upstream_pulls_total', 'counter', 'upstream,account'],
  ['pullthrough_upstream_throttled_total', 'counter', 'upstream,account,reason'],
  ['pullthrough_account_usable', 'gauge', 'upstream,account'],
  ['pullthrough_account_refusals_total', 'counter', 'upstream,account'],
  ['pullthrough_ratelimit_limit', 'gauge', 'upstream,account'],
  ['pullthrough_ratelimit_remaining', 'gauge', 'upstream,account'],
  ['pullthrough_ratelimit_window_seconds', 'gauge', 'upstream,account'],
  ['pullthrough_ratelimit_reset_timestamp_seconds', 'gauge', 'upstream,account'],
  ['pullthrough_ratelimit_headers_present', 'gauge', 'upstream,account'],
  ['pullthrough_upstream_up', 'gauge', 'upstream'],
  ['pullthrough_upstream_circuit_open', 'gauge', 'upstream,circuit'],
  ['pullthrough_fills_in_flight', 'gauge', ''],
  ['pullthrough_fill_waiters', 'gauge', ''],
  ['pullthrough_fill_resumes_total', 'counter', 'upstream'],
  ['pullthrough_fill_failures_total', 'counter', 'upstream'],
  ['pullthrough_digest_mismatches_total', 'counter', 'upstream'],
  ['pullthrough_cache_bytes', 'gauge', ''],
  ['pullthrough_cache_blobs', 'gauge', ''],
  ['pullthrough_cache_max_bytes', 'gauge', ''],
  ['pullthrough_cache_incoming_bytes', 'gauge', ''],
  ['pullthrough_cache_quarantined_bytes', 'gauge', ''],
  ['pullthrough_cache_pinned_bytes', 'gauge', ''],
  ['pullthrough_disk_free_bytes', 'gauge', ''],
  ['pullthrough_evicted_blobs_total', 'counter', 'reason'],
  ['pullthrough_evicted_bytes_total', 'counter', 'reason'],
  ['pullthrough_scrub_last_completed_timestamp_seconds', 'gauge', ''],
  ['pullthrough_scrub_progress_ratio', 'gauge', ''],
  ['pullthrough_scrubbed_bytes_total', 'counter', ''],
  ['pullthrough_scrub_damaged_blobs_total', 'counter', ''],
  ['pullthrough_warmed_images_total', 'counter', 'result'],
  ['pullthrough_http_request_duration_seconds', 'histogram', 'route,method,status'],
  ['pullthrough_time_to_first_byte_seconds', 'histogram', 'kind,outcome'],
  ['pullthrough_build_info', 'gauge', 'version,node'],
] as const;

const kinds = ['manifest', 'blob', 'tags', 'referrers'];
const outcomes = ['hit', 'revalidated', 'miss', 'joined', 'stale', 'negative', 'denied', 'error'];
const operations = ['token', 'manifest_head', 'manifest_get', 'blob_get', 'tags', 'referrers'];
const statuses = ['2xx', '401', '403', '404', '429', '4xx', '5xx', 'error'];
const reasons = ['size', 'disk', 'purge', 'corrupt', 'unreferenced', 'idle'];
const accounts = [
  { upstream: 'docker.io', account: 'acme' },
  { upstream: 'docker.io', account: 'builds' },
  { upstream: 'ghcr.io', account: 'anonymous' },
];
const readings = {
  fillsInFlight: 1,
  fillWaiters: 2,
  cacheBytes: 3,
  cacheBlobs: 4,
  cacheMaxBytes: 5,
  diskFreeBytes: 6,
  incomingBytes: 7,
  quarantinedBytes: 8,
  pinnedBytes: 9,
  scrubProgress: 0.5,
  scrubCompletedAt: 11_000,
};

function newMetrics(): Metrics {
  return new Metrics({ upstreams, version: '1.2.3' });
}

async function scraped(metrics: Metrics): Promise<Exposition> {
  return parseExposition(await metrics.scrape(readings));
}

function own({ types }: Exposition): [string, string][] {
  return [...types].filter(([name]) => /^(pullthrough|registry_proxy)_/.test(name));
}

describe('the metrics', () => {
  test('have the names and types that dashboards rely on, and no others', async () => {
    const expected = contract.map(([name, type]) => [name, type]);
    assert.deepEqual(own(await scraped(newMetrics())), expected);
  });

  test('have the labels that dashboards rely on, in every sample', async () => {
    const metrics = newMetrics();
    metrics.requestFinished({
      method: 'GET',
      route: 'base',
      status: 200,
      bytesSent: 2,
      durationSeconds: 0.001,
    });
    const reading = { limit: 100, remaining: 76, windowSeconds: 21600, resetAt: 0 };
    metrics.rateLimitRead('docker.io', 'acme', reading);
    const { samples } = await scraped(metrics);
    for (const [name, type, labels] of contract) {
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      const found = samples.filter((one) => suffixes.some((suffix) => one.name === name + suffix));
      assert.notEqual(found.length, 0, name);
      for (const sample of found) {
        const names = Object.keys(sample.labels).filter((label) => label !== 'le');
        assert.deepEqual(names.toSorted(), labels.split(',').filter(Boolean).toSorted(), name);
      }
    }
  });

  test('start at 0 in every series whose labels are known beforehand', async () => {
    const start = await scraped(newMetrics());
    const zero = (name: string, labels: Record<string, string>): void =>
      assert.equal(valueOf(start, name, labels), 0, `${name} ${JSON.stringify(labels)}`);
    for (const upstream of ['docker.io', 'ghcr.io']) {
      for (const type of ['blob', 'manifest']) {
        for (const [name] of contract.slice(0, 5)) zero(name, { type, upstream_host: upstream });
      }
      for (const kind of kinds) {
        for (const outcome of outcomes) {
          zero('pullthrough_requests_total', { upstream, kind, outcome });
          zero('pullthrough_time_to_first_byte_seconds_count', { kind, outcome });
        }
      }
      for (const operation of operations) {
        const duration = 'pullthrough_upstream_request_duration_seconds_count';
        zero(duration, { upstream, operation });
        for (const status of statuses) {
          zero('pullthrough_upstream_requests_total', { upstream, operation, status });
        }
      }
      zero('pullthrough_upstream_up', { upstream });
      zero('pullthrough_upstream_circuit_open', { upstream, circuit: 'api' });
      zero('pullthrough_upstream_circuit_open', { upstream, circuit: 'blob' });
      zero('pullthrough_fill_resumes_total', { upstream });
      zero('pullthrough_fill_failures_total', { upstream });
      zero('pullthrough_digest_mismatches_total', { upstream });
    }
    for (const labels of accounts) {
      zero('pullthrough_upstream_pulls_total', labels);
      zero('pullthrough_account_refusals_total', labels);
      zero('pullthrough_ratelimit_headers_present', labels);
      zero('pullthrough_upstream_throttled_total', { ...labels, reason: 'pull_limit' });
      zero('pullthrough_upstream_throttled_total', { ...labels, reason: 'abuse_limit' });
    }
    for (const reason of reasons) {
      zero('pullthrough_evicted_blobs_total', { reason });
      zero('pullthrough_evicted_bytes_total', { reason });
    }
    zero('pullthrough_scrubbed_bytes_total', {});
    zero('pullthrough_scrub_damaged_blobs_total', {});
    zero('pullthrough_warmed_images_total', { result: 'warmed' });
    zero('pullthrough_warmed_images_total', { result: 'failed' });
  });

  test('have no account that its upstream is not asked as', async () => {
    const { samples } = await scraped(newMetrics());
    const pulls = samples.filter(({ name }) => name === 'pullthrough_upstream_pulls_total');
    assert.deepEqual(
      pulls.map(({ labels }) => labels),
      accounts,
    );
  });

  test('tell the versions of the program and of Node', async () => {
    const labels = { version: '1.2.3', node: process.version };
    assert.equal(valueOf(await scraped(newMetrics()), 'pullthrough_build_info', labels), 1);
  });

  test('include those of the process, and leave the global registry alone', async () => {
    const { types } = await scraped(newMetrics());
    assert.equal(types.get('process_resident_memory_bytes'), 'gauge');
    assert.equal(types.get('nodejs_eventloop_lag_seconds'), 'gauge');
    assert.deepEqual(register.getMetricsAsArray(), []);
  });

  test('keep two instances apart', async () => {
    const [one, other] = [newMetrics(), newMetrics()];
    one.fillResumed('ghcr.io');
    const labels = { upstream: 'ghcr.io' };
    assert.equal(valueOf(await scraped(one), 'pullthrough_fill_resumes_total', labels), 1);
    assert.equal(valueOf(await scraped(other), 'pullthrough_fill_resumes_total', labels), 0);
  });
});

describe('what the upstream side reports', () => {
  test('is counted by upstream, operation and status', async () => {
    const metrics = newMetrics();
    metrics.exchanged('docker.io', 'manifest_head', '429');
    metrics.exchanged('docker.io', 'manifest_head', '429');
    const labels = { upstream: 'docker.io', operation: 'manifest_head', status: '429' };
    assert.equal(valueOf(await scraped(metrics), 'pullthrough_upstream_requests_total', labels), 2);
  });

  test('is counted by account where accounts have limits', async () => {
    const metrics = newMetrics();
    metrics.pullCounted('docker.io', 'builds');
    metrics.throttled('docker.io', 'builds', 'abuse_limit');
    const account = { upstream: 'docker.io', account: 'builds' };
    const after = await scraped(metrics);
    assert.equal(valueOf(after, 'pullthrough_upstream_pulls_total', account), 1);
    const throttled = { ...account, reason: 'abuse_limit' };
    assert.equal(valueOf(after, 'pullthrough_upstream_throttled_total', throttled), 1);
  });

  test('shows a rate limit only once it was read', async () => {
    const metrics = newMetrics();
    const labels = { upstream: 'docker.io', account: 'acme' };
    const before = await scraped(metrics);
    assert.equal(valueOf(before, 'pullthrough_ratelimit_remaining', labels), undefined);
    const reading = { limit: 100, remaining: 0, windowSeconds: 21600 };
    metrics.rateLimitRead('docker.io', 'acme', reading);
    const after = await scraped(metrics);
    assert.equal(valueOf(after, 'pullthrough_ratelimit_limit', labels), 100);
    assert.equal(valueOf(after, 'pullthrough_ratelimit_remaining', labels), 0);
    assert.equal(valueOf(after, 'pullthrough_ratelimit_window_seconds', labels), 21600);
    assert.equal(valueOf(after, 'pullthrough_ratelimit_headers_present', labels), 1);
  });

  test('drops a rate limit that the latest answer no longer states', async () => {
    const metrics = newMetrics();
    const labels = { upstream: 'docker.io', account: 'acme' };
    metrics.rateLimitRead('docker.io', 'acme', { limit: 100, remaining: 1, windowSeconds: 60 });
    metrics.rateLimitRead('docker.io', 'acme', { remaining: 7 });
    const partly = await scraped(metrics);
    assert.equal(valueOf(partly, 'pullthrough_ratelimit_limit', labels), undefined);
    assert.equal(valueOf(partly, 'pullthrough_ratelimit_remaining', labels), 7);
    metrics.rateLimitRead('docker.io', 'acme', undefined);
    const after = await scraped(metrics);
    assert.equal(valueOf(after, 'pullthrough_ratelimit_remaining', labels), undefined);
    assert.equal(valueOf(after, 'pullthrough_ratelimit_headers_present', labels), 0);
  });

  test('takes every account for usable until it is set aside, and again when it is back', async () => {
    const metrics = newMetrics();
    const usable = async (): Promise<(number | undefined)[]> => {
      const now = await scraped(metrics);
      return accounts.map((labels) => valueOf(now, 'pullthrough_account_usable', labels));
    };
    assert.deepEqual(await usable(), [1, 1, 1]);
    metrics.accountSetAside('docker.io', 'builds', 'pull_limit');
    assert.deepEqual(await usable(), [1, 0, 1]);
    metrics.accountBack('docker.io', 'builds');
    assert.deepEqual(await usable(), [1, 1, 1]);
  });

  test('counts an account’s refused log-ins, and no other reason to set it aside', async () => {
    const metrics = newMetrics();
    metrics.accountSetAside('docker.io', 'acme', 'refused');
    metrics.accountSetAside('docker.io', 'acme', 'pull_limit');
    metrics.accountSetAside('docker.io', 'acme', 'refused');
    const labels = { upstream: 'docker.io', account: 'acme' };
    assert.equal(valueOf(await scraped(metrics), 'pullthrough_account_refusals_total', labels), 2);
  });

  test('measures in seconds how long an upstream took', async () => {
    const metrics = newMetrics();
    metrics.answered('docker.io', 'manifest_head', 120);
    metrics.answered('docker.io', 'manifest_head', 4000);
    const labels = { upstream: 'docker.io', operation: 'manifest_head' };
    const name = 'pullthrough_upstream_request_duration_seconds';
    const after = await scraped(metrics);
    assert.equal(valueOf(after, `${name}_sum`, labels), 4.12);
    assert.equal(valueOf(after, `${name}_bucket`, { ...labels, le: '0.15' }), 1);
    assert.equal(valueOf(after, `${name}_bucket`, { ...labels, le: '5' }), 2);
  });

  test('shows when a limit is expected to be reset only while that is known', async () => {
    const metrics = newMetrics();
    const labels = { upstream: 'docker.io', account: 'acme' };
    const reset = async (): Promise<number | undefined> =>
      valueOf(await scraped(metrics), 'pullthrough_ratelimit_reset_timestamp_seconds', labels);
    assert.equal(await reset(), undefined);
    metrics.rateLimitRead('docker.io', 'acme', { remaining: 7, resetAt: 1_700_000_000_500 });
    assert.equal(await reset(), 1_700_000_000.5);
    metrics.rateLimitRead('docker.io', 'acme', { remaining: 7 });
    assert.equal(await reset(), undefined);
  });

  test('shows whether an upstream answers', async () => {
    const metrics = newMetrics();
    const up = async (): Promise<number | undefined> =>
      valueOf(await scraped(metrics), 'pullthrough_upstream_up', { upstream: 'docker.io' });
    metrics.reachable('docker.io', true);
    assert.equal(await up(), 1);
    metrics.reachable('docker.io', false);
    assert.equal(await up(), 0);
  });
});

describe('what the cache reports', () => {
  test('is read at the moment of the scrape', async () => {
    const after = await scraped(newMetrics());
    assert.equal(valueOf(after, 'pullthrough_fills_in_flight'), 1);
    assert.equal(valueOf(after, 'pullthrough_fill_waiters'), 2);
    assert.equal(valueOf(after, 'pullthrough_cache_bytes'), 3);
    assert.equal(valueOf(after, 'pullthrough_cache_blobs'), 4);
    assert.equal(valueOf(after, 'pullthrough_cache_max_bytes'), 5);
    assert.equal(valueOf(after, 'pullthrough_disk_free_bytes'), 6);
    assert.equal(valueOf(after, 'pullthrough_cache_incoming_bytes'), 7);
    assert.equal(valueOf(after, 'pullthrough_cache_quarantined_bytes'), 8);
    assert.equal(valueOf(after, 'pullthrough_cache_pinned_bytes'), 9);
    assert.equal(valueOf(after, 'pullthrough_scrub_progress_ratio'), 0.5);
    assert.equal(valueOf(after, 'pullthrough_scrub_last_completed_timestamp_seconds'), 11);
  });

  test('has no time of a last scrub before there was one', async () => {
    const never = { ...readings, scrubCompletedAt: undefined };
    const samples = parseExposition(await newMetrics().scrape(never));
    const name = 'pullthrough_scrub_last_completed_timestamp_seconds';
    assert.equal(valueOf(samples, name), undefined);
  });

  test('counts what was hashed anew, what was damaged, and what was warmed', async () => {
    const metrics = newMetrics();
    metrics.scrubbed(4096);
    metrics.damageFound();
    metrics.imageWarmed('failed');
    const after = await scraped(metrics);
    assert.equal(valueOf(after, 'pullthrough_scrubbed_bytes_total'), 4096);
    assert.equal(valueOf(after, 'pullthrough_scrub_damaged_blobs_total'), 1);
    assert.equal(valueOf(after, 'pullthrough_warmed_images_total', { result: 'failed' }), 1);
  });

  test('is not a number when it could not be read', async () => {
    const metrics = newMetrics();
    await metrics.scrape(readings);
    const after = parseExposition(await metrics.scrape());
    assert.equal(valueOf(after, 'pullthrough_cache_bytes'), Number.NaN);
    assert.equal(valueOf(after, 'pullthrough_disk_free_bytes'), Number.NaN);
  });

  test('counts evicted files and their bytes by reason', async () => {
    const metrics = newMetrics();
    metrics.evicted(4096, 'disk');
    metrics.evicted(4, 'disk');
    const after = await scraped(metrics);
    assert.equal(valueOf(after, 'pullthrough_evicted_blobs_total', { reason: 'disk' }), 2);
    assert.equal(valueOf(after, 'pullthrough_evicted_bytes_total', { reason: 'disk' }), 4100);
  });

  test('counts resumed and failed transfers and lying digests by upstream', async () => {
    const metrics = newMetrics();
    metrics.fillResumed('docker.io');
    metrics.fillFailed('docker.io');
    metrics.digestMismatched('ghcr.io');
    const after = await scraped(metrics);
    const [docker, ghcr] = [{ upstream: 'docker.io' }, { upstream: 'ghcr.io' }];
    assert.equal(valueOf(after, 'pullthrough_fill_resumes_total', docker), 1);
    assert.equal(valueOf(after, 'pullthrough_fill_failures_total', docker), 1);
    assert.equal(valueOf(after, 'pullthrough_digest_mismatches_total', ghcr), 1);
  });
});
