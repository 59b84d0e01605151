import type { MetricLabels } from './exportedMetrics.ts';
import type { PromqlNode, PromqlQuery } from './promql.ts';

/** The labels that the result of a query can have, the metric's name not among them. */
export function resultLabels(query: PromqlQuery, metrics: MetricLabels): ReadonlySet<string> {
  return labelsOf(query.top, query, metrics);
}

type Labels = ReadonlySet<string>;

function labelsOf(node: PromqlNode, query: PromqlQuery, metrics: MetricLabels): Labels {
  const below = (child: PromqlNode | null): Labels =>
    child === null ? new Set() : labelsOf(child, query, metrics);
  switch (node.name) {
    case 'VectorSelector':
      return new Set(metrics.get(query.metricOf(node))?.keys());
    case 'AggregateExpr':
      return aggregated(node, query, below(node.getChild('FunctionCallBody')));
    case 'FunctionCall':
      return called(node, query, below(node.getChild('FunctionCallBody')));
    case 'BinaryExpr':
      return combined(node, query, below(node.firstChild), below(node.lastChild));
    default:
      return childrenOf(node).reduce<Labels>(
        (labels, child) => labels.union(below(child)),
        new Set(),
      );
  }
}

function aggregated(node: PromqlNode, query: PromqlQuery, inner: Labels): Labels {
  const modifier = node.getChild('AggregateModifier');
  if (modifier === null) return new Set();
  const named = new Set(query.groupingOf(modifier));
  return modifier.getChild('By') === null ? inner.difference(named) : named;
}

function called(node: PromqlNode, query: PromqlQuery, inner: Labels): Labels {
  const name = node.firstChild === null ? '' : query.textOf(node.firstChild);
  if (name === 'absent') return new Set();
  if (name === 'histogram_quantile') return inner.difference(new Set(['le']));
  const [created] = name === 'label_replace' ? query.stringsOf(node) : [];
  return created === undefined ? inner : inner.union(new Set([created]));
}

function combined(node: PromqlNode, query: PromqlQuery, left: Labels, right: Labels): Labels {
  if (node.getChild('And') !== null || node.getChild('Unless') !== null) return left;
  const on = node.getChild('MatchingModifierClause');
  if (on?.getChild('On')) return new Set(query.groupingOf(on));
  return left.union(right);
}

function childrenOf(node: PromqlNode): PromqlNode[] {
  const children: PromqlNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
