import type { MetricDefinition } from '../../src/ops/metricDefinition.ts';
import { metricDefinitions } from '../../src/ops/metricDefinitions.ts';

/** The README's table of metrics, as Markdown that ends with a line feed. */
export function metricsTable(): string {
  const rows = Object.values<MetricDefinition>(metricDefinitions).map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labelsText(labels)} | ${help} |`,
  );
  return ['| name | type | labels | what it tells |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function labelsText(labels: MetricDefinition['labels']): string {
  return Object.entries(labels)
    .map(([label, values]) => [`\`${label}\``, ...valuesText(values)].join(' = '))
    .join('; ');
}

function valuesText(values: readonly string[]): string[] {
  return values.length === 0 ? [] : [values.map((value) => `\`${value}\``).join(', ')];
}
