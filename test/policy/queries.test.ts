import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDashboard } from './dashboard.ts';
import { dashboardQueries, substituted, usualVariables } from './dashboardQueries.ts';
import { exportedMetrics, withRules } from './exportedMetrics.ts';
import { readRules } from './prometheusRules.ts';
import { PromqlQuery } from './promql.ts';
import { queryFaults } from './queryFaults.ts';
import { resultLabels } from './resultLabels.ts';

const rules = await readRules();
const metrics = withRules(exportedMetrics(), rules);
const queries = await dashboardQueries();

const labelsOf = (expression: string) => resultLabels(new PromqlQuery(expression), metrics);

test('every query of the dashboard asks for metrics, labels and values that the mirror exports', () => {
  assert.ok(queries.length > 30);
  for (const { panel, refId, expression } of queries)
    assert.deepEqual(queryFaults(expression, metrics), [], `${panel}, ${refId}`);
});

test('every rule asks for metrics, labels and values that the mirror exports', () => {
  assert.ok(rules.length > 15);
  for (const { name, expression } of rules)
    assert.deepEqual(queryFaults(expression, metrics), [], name);
});

test('every variable of the dashboard takes its values from a label that the mirror exports', async () => {
  const { templating } = await readDashboard();
  const definitions = templating.list.flatMap(({ definition = [] }) => definition);
  assert.equal(definitions.length, 3);
  for (const definition of definitions) {
    const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
    const expression = substituted(selector, usualVariables);
    assert.deepEqual(queryFaults(expression, metrics), [], definition);
    assert.ok(labelsOf(expression).has(label), definition);
  }
});

test('every legend of the dashboard names labels that its query leaves', () => {
  for (const { panel, expression, legend } of queries)
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g))
      assert.ok(labelsOf(expression).has(label), `${panel}: ${legend}`);
});

test('every text of an alert names labels that its expression leaves', () => {
  for (const { name, expression, annotations } of rules)
    for (const [, label = ''] of Object.values(annotations)
      .join(' ')
      .matchAll(/\$labels\.(\w+)/g))
      assert.ok(labelsOf(expression).has(label), `${name}: ${label}`);
});

test('every recorded rule is used by the dashboard or by another rule', () => {
  const all = [...queries, ...rules].map(({ expression }) => new PromqlQuery(expression));
  const used = new Set(
    all.flatMap((query) => query.find('VectorSelector').map((node) => query.metricOf(node))),
  );
  for (const { kind, name } of rules) assert.ok(kind === 'alert' || used.has(name), name);
});

for (const [what, expression, fault] of [
  [
    'metric',
    'sum(rate(pullthrough_pulls_total[5m]))',
    'there is no metric pullthrough_pulls_total',
  ],
  [
    'histogram without its suffix',
    'pullthrough_time_to_first_byte_seconds',
    'there is no metric pullthrough_time_to_first_byte_seconds',
  ],
  [
    'metric after an operator',
    'up or on (job) pullthrough_nothing',
    'there is no metric pullthrough_nothing',
  ],
  [
    'label',
    'pullthrough_cache_bytes{upstream="docker.io"}',
    'pullthrough_cache_bytes has no label upstream',
  ],
  [
    'value',
    'pullthrough_requests_total{outcome="HIT"}',
    'pullthrough_requests_total never has outcome="HIT"',
  ],
  [
    'value among several',
    'pullthrough_requests_total{outcome=~"hit|saved"}',
    'pullthrough_requests_total never has outcome="saved"',
  ],
  [
    'label to group by',
    'sum by (repository) (pullthrough_upstream_up)',
    'no metric of the query has the label repository',
  ],
  [
    'label to match on',
    'up and on (host) pullthrough_upstream_up',
    'no metric of the query has the label host',
  ],
  [
    'label to copy',
    'label_replace(up, "upstream", "$1", "host", "(.*)")',
    'no metric of the query has the label host',
  ],
] as const) {
  test(`a query with a ${what} that is not there is found`, () => {
    assert.deepEqual(queryFaults(expression, metrics), [fault]);
  });
}

test('a text that is no query is found', () => {
  assert.throws(() => queryFaults('sum(rate(up[5m])', metrics), SyntaxError);
});

for (const [expression, labels] of [
  ['sum(pullthrough_upstream_up)', []],
  ['sum by (upstream) (pullthrough_upstream_up)', ['upstream']],
  ['sum without (job) (pullthrough_upstream_up)', ['instance', 'upstream']],
  ['absent(up)', []],
  ['pullthrough_upstream_up and on (job) up', ['instance', 'job', 'upstream']],
  ['up * on (job) pullthrough_upstream_up', ['job']],
  [
    'histogram_quantile(0.5, sum by (le, kind) (rate(pullthrough_time_to_first_byte_seconds_bucket[5m])))',
    ['kind'],
  ],
  ['label_replace(up, "upstream", "$1", "job", "(.*)")', ['instance', 'job', 'upstream']],
] as const) {
  test(`the labels of ${expression} are known`, () => {
    assert.deepEqual([...labelsOf(expression)].toSorted(), labels);
  });
}
