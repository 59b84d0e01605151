import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSamples } from '../../src/cli/statsSamples.ts';
import { Scrape } from '../../src/cli/statsScrape.ts';
import { summarize, type Stats } from '../../src/cli/statsSummary.ts';
import { statsLines } from '../../src/cli/statsText.ts';
import { Metrics, type CacheReadings } from '../../src/ops/metrics.ts';

const now = Date.UTC(2026, 0, 2, 12);
const gibibyte = 1024 ** 3;
const readings = {
  fillsInFlight: 3,
  fillWaiters: 12,
  cacheBytes: 80 * gibibyte,
  cacheBlobs: 1234,
  cacheMaxBytes: 100 * gibibyte,
  diskFreeBytes: 20 * gibibyte,
  incomingBytes: 7,
  quarantinedBytes: 8,
  pinnedBytes: 9,
  scrubProgress: 0.5,
  scrubCompletedAt: 11_000,
};
const upstreams = [
  { host: 'docker.io', accounts: ['acme', 'builds'] },
  { host: 'ghcr.io', accounts: [] },
];
const request = { method: 'GET', route: 'blob', status: 200, durationSeconds: 1 } as const;

/** The metrics of a mirror that has some work behind it. */
function usedMetrics(): Metrics {
  const metrics = new Metrics({ upstreams, version: '1.2.3' });
  const of = { ...request, kind: 'blob', upstream: 'docker.io' } as const;
  for (const outcome of ['hit', 'hit', 'stale', 'miss', 'negative', 'denied', 'error'] as const) {
    metrics.requestFinished({ ...of, outcome, bytesSent: gibibyte });
  }
  metrics.pulledBytes('docker.io', 'blob', 3.5 * gibibyte);
  metrics.exchanged('docker.io', 'manifest_get', '2xx');
  metrics.reachable('docker.io', true);
  metrics.circuitChanged('docker.io', 'blob', new Error('timeouts'));
  for (let count = 0; count < 24; count += 1) metrics.pullCounted('docker.io', 'acme');
  const reading = { limit: 200, remaining: 76, windowSeconds: 21600, resetAt: now + 7_800_000 };
  metrics.rateLimitRead('docker.io', 'acme', reading);
  metrics.throttled('docker.io', 'builds', 'pull_limit');
  metrics.throttled('docker.io', 'builds', 'abuse_limit');
  metrics.accountSetAside('docker.io', 'builds', 'refused');
  return metrics;
}

/** What is made of a scrape, with a start that does not depend on when the test runs. */
async function statsOf(metrics: Metrics, of?: CacheReadings): Promise<Stats> {
  const stats = summarize(new Scrape(parseSamples(await metrics.scrape(of)) ?? []));
  assert.ok(stats !== undefined);
  assert.ok(Math.abs(Date.parse(stats.startedAt ?? '') - Date.now()) < 3_600_000);
  return { ...stats, startedAt: new Date(now - 90_000_000).toISOString() };
}

/** The lines that say something, with single spaces. */
function shown(stats: Stats): string[] {
  const lines = statsLines(stats, now).map((line) => line.trim().replaceAll(/ +/g, ' '));
  return lines.filter((line) => line !== '');
}

describe('the text of stats', () => {
  test('tells what a mirror did', async () => {
    assert.deepEqual(shown(await statsOf(usedMetrics(), readings)), [
      'pullthrough 1.2.3, started 1d 1h ago; everything is counted since',
      'docker.io: answers; not asked for a while: blob',
      'account usable pulls left back in counted pulls throttled',
      'acme yes 76 of 200 2h 10m 24 0',
      'builds no no limit told - 0 2',
      'ghcr.io: not asked yet',
      'account usable pulls left back in counted pulls throttled',
      'anonymous yes no limit told - 0 0',
      'requests served hits stale not found errors',
      'manifest 0 - 0 0 0',
      'blob 4 75 % 1 2 1',
      'tags 0 - 0 0 0',
      'referrers 0 - 0 0 0',
      'bytes served 7.0 GiB, pulled 3.5 GiB, saved 3.5 GiB (50 %)',
      'cache 80.0 GiB of 100 GiB (80 %), 1,234 blobs; 20.0 GiB free on the disk',
      'fills 3 in flight, 12 clients waiting',
    ]);
  });

  test('tells of an upstream that was asked and does not answer', async () => {
    const metrics = usedMetrics();
    metrics.reachable('docker.io', false);
    const lines = shown(await statsOf(metrics, readings));
    assert.equal(lines[1], 'docker.io: does not answer; not asked for a while: blob');
  });

  test('tells no share of a bound that is not set', async () => {
    const lines = shown(await statsOf(usedMetrics(), { ...readings, cacheMaxBytes: 0 }));
    assert.equal(lines.at(-2), 'cache 80.0 GiB, 1,234 blobs; 20.0 GiB free on the disk');
  });

  test('says when the cache could not be measured', async () => {
    const lines = shown(await statsOf(usedMetrics()));
    assert.deepEqual(lines.slice(-2), [
      'cache could not be measured',
      'fills - in flight, - clients waiting',
    ]);
  });

  test('tells of more that came in than went out, without a share', async () => {
    const metrics = new Metrics({ upstreams, version: '1.2.3' });
    const of = { ...request, kind: 'blob', upstream: 'docker.io', outcome: 'miss' } as const;
    metrics.requestFinished({ ...of, bytesSent: 1024 });
    metrics.pulledBytes('docker.io', 'blob', 3072);
    const lines = shown(await statsOf(metrics, readings));
    assert.ok(
      lines.includes('bytes served 1.0 KiB, pulled 3.0 KiB, saved -2.0 KiB'),
      lines.join('\n'),
    );
  });

  test('lets no name from the network move the cursor', async () => {
    const evil = [{ host: 'docker.io', accounts: ['a\u001B[2Jb\nc'] }];
    const lines = statsLines(await statsOf(new Metrics({ upstreams: evil, version: '1' })), now);
    assert.ok(lines.some((line) => line.startsWith('  a?[2Jb?c ')));
    assert.ok(lines.every((line) => !/\p{Cc}/u.test(line)));
  });

  test('stands in columns', async () => {
    const lines = statsLines(await statsOf(usedMetrics(), readings), now);
    const table = lines.filter((line) => /^ {2}(account|acme|builds) /.test(line)).slice(0, 3);
    const columns = table.map((line) => line.search(/(usable|yes|no) /));
    assert.equal(new Set(columns).size, 1);
  });
});
