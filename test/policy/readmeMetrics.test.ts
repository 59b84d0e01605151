import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { metricsTable } from '../../src/ops/metricsTable.ts';
import { Metrics } from '../../src/ops/metrics.ts';

// A formatter may pad the cells of a table: what they say is compared.
function cells(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .filter((row) => !/^\|[\s|:-]+\|$/.test(row))
    .map((row) => row.split('|').map((cell) => cell.trim()));
}

test('the README’s table of metrics is the one that the program generates', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const block = /<!-- metrics -->\n([\s\S]*?)<!-- \/metrics -->/.exec(readme)?.[1];
  assert.ok(block !== undefined, 'README.md has no <!-- metrics --> … <!-- /metrics -->');
  assert.deepEqual(cells(block), cells(metricsTable()));
});

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
