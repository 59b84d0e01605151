import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDashboard, type DashboardPanel } from './dashboard.ts';
import { readRules } from './prometheusRules.ts';

const { panels, templating } = await readDashboard();
const shown = panels.filter(({ type }) => type !== 'row');
const columns = 24;

function overlap({ gridPos: a }: DashboardPanel, { gridPos: b }: DashboardPanel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

test('no two panels have the same id or title', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
});

test('no panel lies over another or beyond the edge', () => {
  for (const [index, panel] of panels.entries()) {
    assert.ok(panel.gridPos.x + panel.gridPos.w <= columns, panel.title);
    for (const other of panels.slice(index + 1))
      assert.ok(!overlap(panel, other), `${panel.title} and ${other.title}`);
  }
});

test('every panel has a title, a description, a unit and queries', () => {
  for (const { title, description = '', fieldConfig, targets = [] } of shown) {
    assert.match(title, /^[A-Z].*[^.]$/);
    assert.match(description, /^[A-Z`].*\.$/, title);
    assert.ok(fieldConfig?.defaults.unit, title);
    assert.ok(targets.length > 0, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
});

test('all that asks a Prometheus asks the one that was chosen', () => {
  const text = JSON.stringify([panels, templating]);
  const asked = [...text.matchAll(/"datasource":\{[^{}]*"uid":"([^"]*)/g)].map(([, uid]) => uid);
  assert.ok(asked.length > shown.length);
  assert.deepEqual(new Set(asked), new Set(['${datasource}']));
});

test('every variable is used', () => {
  const text = JSON.stringify(shown);
  for (const { name } of templating.list) assert.match(text, new RegExp(`\\$\\{?${name}\\b`));
});

test('every query heeds the mirror that was chosen, or tells of all', () => {
  for (const { title, targets = [] } of shown)
    for (const { expr } of targets) {
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      assert.ok(selectors.length > 0, title);
      for (const selector of selectors) assert.match(selector, /instance=~"\$instance\|?"/, title);
    }
});

test('the dashboard has plain words for every alert and for nothing else', async () => {
  const table = shown.find(({ type }) => type === 'table');
  const words = JSON.stringify(table?.fieldConfig?.overrides);
  const named = [...words.matchAll(/"(Pullthrough\w+)"/g)].map(([, name]) => name);
  const alerts = (await readRules()).filter(({ kind }) => kind === 'alert');
  assert.deepEqual(new Set(named), new Set(alerts.map(({ name }) => name)));
});

test('what may have no answer says so in words, in place of a bare "No data"', () => {
  // What is recorded needs the rules, and some things must have been read or asked for; the rest begins at 0.
  const uncertain = /pullthrough:|_ratelimit_|ALERTS|histogram_quantile|> 0\)$/;
  for (const { title, targets = [], fieldConfig } of shown)
    if (targets.every(({ expr }) => uncertain.test(expr) && !expr.endsWith('or vector(-1)')))
      assert.ok(fieldConfig?.defaults.noValue, title);
});
