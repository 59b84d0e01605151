import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exporterNames, sameMetric } from '../../src/ops/exporterNames.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { parseExposition, valueOf, type Exposition } from './exposition.ts';

const upstreams = [
  { host: 'docker.io', accounts: ['acme', 'builds'] },
  { host: 'ghcr.io', accounts: [] },
];
const reading = { limit: 200, remaining: 76, windowSeconds: 21600 };

function withNames(): Metrics {
  return new Metrics({ upstreams, version: '1.2.3', exporterNamesFor: 'docker.io' });
}

async function scraped(metrics: Metrics): Promise<Exposition> {
  return parseExposition(await metrics.scrape());
}

/** Name, labels and value of what is shown under the exporters' names. */
function shown({ samples }: Exposition): string[] {
  return samples
    .filter(({ name }) => name.startsWith('dockerhub_'))
    .map(({ name, labels, value }) => `${name} ${Object.values(labels).join(' ')} ${value}`);
}

describe('the names of other exporters', () => {
  test('show an account’s limit, with the upstream where they have an address', async () => {
    const metrics = withNames();
    metrics.rateLimitRead('docker.io', 'acme', reading);
    assert.deepEqual(shown(await scraped(metrics)), [
      'dockerhub_limit_max_requests_total acme docker.io 200',
      'dockerhub_limit_remaining_requests_total acme docker.io 76',
      'dockerhub_limit_max_requests_time acme docker.io 21600',
      'dockerhub_limit_remaining_requests_time acme docker.io 21600',
      'dockerhub_pull_limit_total acme docker.io 200',
      'dockerhub_pull_remaining_total acme docker.io 76',
      'dockerhub_pull_limit_window_seconds acme docker.io 21600',
      'dockerhub_pull_remaining_window_seconds acme docker.io 21600',
    ]);
  });

  test('have the labels that their exporters have', async () => {
    const metrics = withNames();
    metrics.rateLimitRead('docker.io', 'acme', reading);
    const after = await scraped(metrics);
    for (const { name } of exporterNames) {
      const label = name.startsWith('dockerhub_pull_') ? 'source' : 'source_ip';
      const labels = { account: 'acme', [label]: 'docker.io' };
      assert.notEqual(valueOf(after, name, labels), undefined, name);
      assert.equal(after.types.get(name), 'gauge');
    }
  });

  test('always show what our own metric shows', async () => {
    const metrics = withNames();
    const readings = [reading, { remaining: 3 }, { limit: 100, windowSeconds: 60 }, undefined];
    for (const one of readings) {
      metrics.rateLimitRead('docker.io', 'builds', one);
      const after = await scraped(metrics);
      for (const alias of exporterNames) {
        const labels = { account: 'builds', [alias.sourceLabel]: 'docker.io' };
        const ours = { account: 'builds', upstream: 'docker.io' };
        const expected = valueOf(after, sameMetric(alias), ours);
        assert.equal(valueOf(after, alias.name, labels), expected, alias.name);
      }
    }
  });

  test('are without a value until a limit was read', async () => {
    assert.deepEqual(shown(await scraped(withNames())), []);
  });

  test('show no other upstream than the one they are for', async () => {
    const metrics = withNames();
    metrics.rateLimitRead('ghcr.io', 'anonymous', reading);
    assert.deepEqual(shown(await scraped(metrics)), []);
  });

  test('are not in a scrape unless they are wanted', async () => {
    const metrics = new Metrics({ upstreams, version: '1.2.3' });
    metrics.rateLimitRead('docker.io', 'acme', reading);
    assert.doesNotMatch(await metrics.scrape(), /dockerhub/);
  });
});
