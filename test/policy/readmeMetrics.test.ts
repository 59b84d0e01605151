import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsTable } from './metricsTable.ts';
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
