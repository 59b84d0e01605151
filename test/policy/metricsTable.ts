import type { MetricDefinition } from '../../src/ops/metricDefinition.ts';
import { exporterNames, sameMetric } from '../../src/ops/exporterNames.ts';
import { metricDefinitions } from '../../src/ops/metricDefinitions.ts';

/** The README's table of metrics, as Markdown that ends with a line feed. */
export function metricsTable(): string {
  const rows = Object.values<MetricDefinition>(metricDefinitions).map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labelsText(labels)} | ${help} |`,
  );
  return ['| name | type | labels | what it tells |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** The README's table of the names that other exporters have, as Markdown that ends with a line feed. */
export function exporterNamesTable(): string {
  const rows = exporterNames.map((alias) => {
    const labels = ['account', alias.sourceLabel].map((label) => `\`${label}\``).join('; ');
    const exporters = alias.exporters.join(', ');
    return `| \`${alias.name}\` | ${labels} | \`${sameMetric(alias)}\` | ${exporters} |`;
  });
  return ['| name | labels | the same as | known from |', '|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

function labelsText(labels: MetricDefinition['labels']): string {
  return Object.entries(labels)
    .map(([label, values]) => [`\`${label}\``, ...valuesText(values)].join(' = '))
    .join('; ');
}

function valuesText(values: readonly string[]): string[] {
  return values.length === 0 ? [] : [values.map((value) => `\`${value}\``).join(', ')];
}
