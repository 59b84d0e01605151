import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exporterNamesTable, metricsTable } from './metricsTable.ts';
import { Metrics } from '../../src/ops/metrics.ts';

/** What the cells of a Markdown table say, without the rule below its head. */
function cells(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .filter((row) => !/^\|[\s|:-]+\|$/.test(row))
    .map((row) => row.split('|').map((cell) => cell.trim()));
}

test('the table has a row for every metric of a scrape, with its type and help', async () => {
  const scrape = await new Metrics({ upstreams: [], version: '0.0.0' }).scrape();
  const named = (kind: string): Map<string, string> =>
    new Map(
      [
        ...scrape.matchAll(
          new RegExp(`^# ${kind} ((?:pullthrough|registry_proxy)_\\S+) (.*)$`, 'gm'),
        ),
      ].map(([, name = '', rest = '']) => [name, rest]),
    );
  const [types, helps] = [named('TYPE'), named('HELP')];
  const rows = cells(metricsTable()).slice(1);
  assert.deepEqual(
    rows.map(([, name, type, , help]) => [name, type, help]),
    [...types].map(([name, type]) => [`\`${name}\``, type, helps.get(name)]),
  );
});

test('the table tells a label’s values where they are known', () => {
  const row = cells(metricsTable()).find(([, name]) => name === '`pullthrough_requests_total`');
  assert.equal(
    row?.[3],
    '`upstream`; `kind` = `manifest`, `blob`, `tags`, `referrers`; `outcome` = `hit`, ' +
      '`revalidated`, `miss`, `joined`, `stale`, `negative`, `denied`, `error`',
  );
});

test('the table of other exporters’ names has a row for every one of a scrape, with its labels', async () => {
  const options = { upstreams: [], version: '0.0.0', exporterNamesFor: 'docker.io' };
  const metrics = new Metrics(options);
  metrics.rateLimitRead('docker.io', 'acme', { limit: 1, remaining: 1, windowSeconds: 1 });
  const samples = (await metrics.scrape()).matchAll(/^(dockerhub_\w+)\{(\w+)="\w+",(\w+)="/gm);
  assert.deepEqual(
    cells(exporterNamesTable())
      .slice(1)
      .map(([, name, labels]) => [name, labels]),
    [...samples].map(([, name, one, other]) => [`\`${name}\``, `\`${one}\`; \`${other}\``]),
  );
});
