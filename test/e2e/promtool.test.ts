import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Metrics } from '../../src/ops/metrics.ts';
import { createOpsServer } from '../../src/ops/opsServer.ts';

const readings = {
  fillsInFlight: 1,
  fillWaiters: 2,
  cacheBytes: 1e12,
  cacheBlobs: 3,
  cacheMaxBytes: 0,
  diskFreeBytes: 4,
  incomingBytes: 7,
  quarantinedBytes: 8,
  pinnedBytes: 9,
  scrubProgress: 0.5,
  scrubCompletedAt: 11_000,
};

const installed = spawnSync('promtool', ['--version']).error === undefined;
const skip = installed ? false : 'promtool is missing: apt-get install prometheus';

function filled(): Metrics {
  const upstreams = [{ host: 'docker.io', accounts: ['acme'] }];
  const metrics = new Metrics({ upstreams, version: '1.2.3' });
  metrics.rateLimitRead('docker.io', 'acme', { limit: 100, remaining: 1, windowSeconds: 21600 });
  metrics.requestFinished({
    method: 'GET',
    route: 'blob',
    kind: 'blob',
    upstream: 'docker.io',
    outcome: 'miss',
    status: 206,
    bytesSent: 1e9,
    durationSeconds: 700,
    firstByteSeconds: 0.0001,
  });
  return metrics;
}

for (const [state, read] of [
  ['measured', () => readings],
  ['that could not be measured', () => Promise.reject(new Error('EIO'))],
] as const) {
  test(`promtool finds no fault with a scrape of a cache ${state}`, { skip }, async (t) => {
    const server = createOpsServer({ metrics: filled(), readings: read, ready: async () => {} });
    t.after(() => server.close());
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const input = await (await fetch(`${url}/metrics`)).text();
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    // The library gives its metrics of the Node process names that promtool frowns upon.
    const faults = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line !== '' && !/^nodejs_\w+ /.test(line));
    assert.deepEqual(faults, []);
  });
}
