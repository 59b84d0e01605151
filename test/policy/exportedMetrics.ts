import type { MetricDefinition } from '../../src/ops/metricDefinition.ts';
import { metricDefinitions } from '../../src/ops/metricDefinitions.ts';
import type { PrometheusRule } from './prometheusRules.ts';
import { PromqlQuery } from './promql.ts';
import { resultLabels } from './resultLabels.ts';

/** Of each metric its labels, and of these the values; none where they are not a closed set. */
export type MetricLabels = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

type Labels = ReadonlyMap<string, readonly string[]>;

const open: readonly string[] = [];
// Prometheus adds these two to all that it scrapes.
const targetLabels: Labels = new Map([
  ['job', open],
  ['instance', open],
]);

/** What Prometheus has of a scraped mirror: its metrics, as they are stored, and `up`. */
export function exportedMetrics(): MetricLabels {
  const definitions = Object.values<MetricDefinition>(metricDefinitions);
  return new Map([['up', targetLabels], ...definitions.flatMap(seriesOf)]);
}

/** The metrics with those that the rules make of them: what is recorded, and `ALERTS`. */
export function withRules(exported: MetricLabels, rules: readonly PrometheusRule[]): MetricLabels {
  const metrics = new Map(exported);
  const alerts = new Map([
    ['alertname', rules.filter(({ kind }) => kind === 'alert').map(({ name }) => name)],
    ['alertstate', ['pending', 'firing']],
    ['severity', ['critical', 'warning']],
  ]);
  for (const { kind, name, expression } of rules) {
    const labels = resultLabels(new PromqlQuery(expression), metrics);
    const named = new Map([...labels].map((label) => [label, open]));
    if (kind === 'record') metrics.set(name, named);
    else for (const [label, values] of named) alerts.set(label, [...values]);
  }
  return metrics.set('ALERTS', alerts);
}

function seriesOf({ name, type, labels }: MetricDefinition): [string, Labels][] {
  const own = new Map([...targetLabels, ...Object.entries(labels)]);
  if (type !== 'histogram') return [[name, own]];
  return [
    [`${name}_bucket`, new Map([...own, ['le', open]])],
    [`${name}_sum`, own],
    [`${name}_count`, own],
  ];
}
