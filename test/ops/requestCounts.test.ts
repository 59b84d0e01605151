import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CacheOutcome } from '../../src/mirror/mirrorObserver.ts';
import type { MeasuredRequest } from '../../src/mirror/requestObserver.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { parseExposition, valueOf, type Exposition } from './exposition.ts';

function newMetrics(): Metrics {
  return new Metrics({
    upstreams: [
      { host: 'docker.io', accounts: ['acme'] },
      { host: 'ghcr.io', accounts: [] },
    ],
    version: '1.2.3',
  });
}

async function scraped(metrics: Metrics): Promise<Exposition> {
  return parseExposition(await metrics.scrape());
}

function request(of: Partial<MeasuredRequest>): MeasuredRequest {
  return {
    method: 'GET',
    route: 'blob',
    kind: 'blob',
    outcome: 'hit',
    upstream: 'docker.io',
    status: 200,
    bytesSent: 0,
    durationSeconds: 0.2,
    ...of,
  };
}

describe('the metrics of CNCF Distribution', () => {
  const served: [CacheOutcome, string][] = [
    ['hit', 'hits'],
    ['revalidated', 'hits'],
    ['joined', 'hits'],
    ['stale', 'hits'],
    ['miss', 'misses'],
  ];
  const blobs = { type: 'blob', upstream_host: 'docker.io' };

  for (const [outcome, counter] of served) {
    test(`count a request that ends as ${outcome} among the ${counter}`, async () => {
      const metrics = newMetrics();
      metrics.requestFinished(request({ outcome }));
      const after = await scraped(metrics);
      const hits = valueOf(after, 'registry_proxy_hits_total', blobs);
      const misses = valueOf(after, 'registry_proxy_misses_total', blobs);
      assert.deepEqual([hits, misses], counter === 'hits' ? [1, 0] : [0, 1]);
      assert.equal(valueOf(after, 'registry_proxy_requests_total', blobs), 1);
    });
  }

  test('count a request that was not served as neither hit nor miss', async () => {
    const metrics = newMetrics();
    for (const outcome of ['negative', 'denied', 'error'] as const) {
      metrics.requestFinished(request({ outcome, status: 404, bytesSent: 90 }));
    }
    const after = await scraped(metrics);
    assert.equal(valueOf(after, 'registry_proxy_requests_total', blobs), 3);
    assert.equal(valueOf(after, 'registry_proxy_hits_total', blobs), 0);
    assert.equal(valueOf(after, 'registry_proxy_misses_total', blobs), 0);
    assert.equal(valueOf(after, 'registry_proxy_pushed_bytes_total', blobs), 0);
  });

  test('count the bytes that were sent, of a range and of a transfer that failed too', async () => {
    const metrics = newMetrics();
    metrics.requestFinished(request({ status: 206, bytesSent: 10 }));
    metrics.requestFinished(request({ outcome: 'error', bytesSent: 500 }));
    const pushed = valueOf(await scraped(metrics), 'registry_proxy_pushed_bytes_total', blobs);
    assert.equal(pushed, 510);
  });

  test('count the bytes that came in by upstream and type', async () => {
    const metrics = newMetrics();
    metrics.pulledBytes('ghcr.io', 'manifest', 700);
    const labels = { type: 'manifest', upstream_host: 'ghcr.io' };
    assert.equal(valueOf(await scraped(metrics), 'registry_proxy_pulled_bytes_total', labels), 700);
  });

  test('leave lists of tags and of referrers out', async () => {
    const metrics = newMetrics();
    metrics.requestFinished(request({ kind: 'tags', route: 'tags' }));
    const { samples } = await scraped(metrics);
    const requests = samples.filter(({ name }) => name === 'registry_proxy_requests_total');
    assert.ok(requests.every(({ value }) => value === 0));
  });
});

describe('a finished request', () => {
  test('is counted by upstream, kind and outcome', async () => {
    const metrics = newMetrics();
    metrics.requestFinished(request({ kind: 'tags', route: 'tags', outcome: 'stale' }));
    const labels = { upstream: 'docker.io', kind: 'tags', outcome: 'stale' };
    assert.equal(valueOf(await scraped(metrics), 'pullthrough_requests_total', labels), 1);
  });

  test('is timed by route, method and status', async () => {
    const metrics = newMetrics();
    const requestOfBase = { method: 'HEAD', route: 'base', status: 200, bytesSent: 0 } as const;
    metrics.requestFinished({ ...requestOfBase, durationSeconds: 0.002 });
    const labels = { route: 'base', method: 'HEAD', status: '200' };
    const after = await scraped(metrics);
    const name = 'pullthrough_http_request_duration_seconds';
    assert.equal(valueOf(after, `${name}_sum`, labels), 0.002);
    assert.equal(valueOf(after, `${name}_bucket`, { ...labels, le: '0.001' }), 0);
    assert.equal(valueOf(after, `${name}_bucket`, { ...labels, le: '0.0025' }), 1);
  });

  test('has a time to first byte only if there was one', async () => {
    const metrics = newMetrics();
    metrics.requestFinished(request({ kind: 'blob', outcome: 'miss' }));
    metrics.requestFinished(request({ kind: 'blob', outcome: 'miss', firstByteSeconds: 20 }));
    const labels = { kind: 'blob', outcome: 'miss' };
    const after = await scraped(metrics);
    const name = 'pullthrough_time_to_first_byte_seconds';
    assert.equal(valueOf(after, `${name}_count`, labels), 1);
    assert.equal(valueOf(after, `${name}_bucket`, { ...labels, le: '10' }), 0);
    assert.equal(valueOf(after, `${name}_bucket`, { ...labels, le: '30' }), 1);
  });

  test('of an unknown upstream is timed and counted nowhere else', async () => {
    const metrics = newMetrics();
    const unknown = { upstream: undefined, outcome: 'negative', status: 404 } as const;
    metrics.requestFinished(request({ ...unknown, kind: 'manifest' }));
    const after = await scraped(metrics);
    const requests = after.samples.filter(({ name }) => name === 'pullthrough_requests_total');
    assert.ok(requests.every(({ value }) => value === 0));
  });

  test('adds no series for each odd method or status', async () => {
    const metrics = newMetrics();
    const odd = (method: string, status: number): void =>
      metrics.requestFinished({ ...request({ method, status }), route: 'other' });
    odd('PROPFIND', 418);
    const before = await scraped(metrics);
    for (const method of ['MKCOL', 'LOCK', 'get', '', 'M-SEARCH']) odd(method, 405 + 50);
    const after = await scraped(metrics);
    const name = 'pullthrough_http_request_duration_seconds_count';
    const series = (of: Exposition): number => of.samples.filter((one) => one.name === name).length;
    assert.equal(series(after), series(before));
    assert.equal(valueOf(after, name, { route: 'other', method: 'other', status: '4xx' }), 6);
  });

  test('keeps the exact status that an answer of this mirror can have', async () => {
    const metrics = newMetrics();
    const name = 'pullthrough_http_request_duration_seconds_count';
    for (const status of [200, 206, 304, 404, 405, 416, 429, 503]) {
      metrics.requestFinished(request({ status }));
      const labels = { route: 'blob', method: 'GET', status: String(status) };
      assert.equal(valueOf(await scraped(metrics), name, labels), 1);
    }
  });
});
