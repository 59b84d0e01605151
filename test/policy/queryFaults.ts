import type { MetricLabels } from './exportedMetrics.ts';
import { PromqlQuery, type LabelMatcher, type PromqlNode } from './promql.ts';

/**
 * What a query asks for that is never there: a metric, a label of it, or a value of a label. Empty for a
 * query that is right; a `SyntaxError` for a text that is none.
 */
export function queryFaults(expression: string, metrics: MetricLabels): string[] {
  const query = new PromqlQuery(expression);
  const selectors = query.find('VectorSelector');
  const known = new Set(
    selectors.flatMap((selector) => [...(metrics.get(query.metricOf(selector))?.keys() ?? [])]),
  );
  const calls = query.find('FunctionCall').filter((call) => isLabelReplace(query, call));
  const created = new Set(calls.flatMap((call) => query.stringsOf(call).slice(0, 1)));
  const sources = calls.flatMap((call) => query.stringsOf(call).slice(2, 3));
  const named = query.find('GroupingLabels').flatMap((labels) => query.groupingOf(labels));
  const unknown = [
    ...named.filter((label) => !known.has(label) && !created.has(label)),
    ...sources.filter((label) => !known.has(label)),
  ];
  return [
    ...selectors.flatMap((selector) => selectorFaults(query, selector, metrics)),
    ...unknown.map((label) => `no metric of the query has the label ${label}`),
  ];
}

function selectorFaults(query: PromqlQuery, selector: PromqlNode, metrics: MetricLabels): string[] {
  const metric = query.metricOf(selector);
  const labels = metrics.get(metric);
  if (labels === undefined) return [`there is no metric ${metric}`];
  return query.matchersOf(selector).flatMap((matcher) => {
    const values = labels.get(matcher.label);
    if (values === undefined) return [`${metric} has no label ${matcher.label}`];
    return missingValues(matcher, values).map(
      (value) => `${metric} never has ${matcher.label}="${value}"`,
    );
  });
}

function missingValues(
  { operator, value }: LabelMatcher,
  values: readonly string[],
): readonly string[] {
  if (values.length === 0) return [];
  if (!operator.includes('~')) return values.includes(value) ? [] : [value];
  return value
    .split('|')
    .filter((pattern) => !values.some((known) => new RegExp(`^(?:${pattern})$`).test(known)));
}

function isLabelReplace(query: PromqlQuery, call: PromqlNode): boolean {
  return call.firstChild !== null && query.textOf(call.firstChild) === 'label_replace';
}
