import { parser } from '@prometheus-io/lezer-promql';

/** A node of a parsed query. */
export type PromqlNode = ReturnType<typeof parser.parse>['topNode'];

/** A condition on a label. */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** A parsed query, whose nodes have the names of Prometheus' own grammar. */
export class PromqlQuery {
  readonly top: PromqlNode;
  readonly #text: string;

  /** Throws a `SyntaxError` that quotes the query when it is none. */
  constructor(text: string) {
    const tree = parser.parse(text);
    tree.iterate({
      enter: ({ type, from }) => {
        if (type.isError) throw new SyntaxError(`at character ${from}: ${text}`);
      },
    });
    this.top = tree.topNode;
    this.#text = text;
  }

  /** What stands in the query for the node. */
  textOf({ from, to }: PromqlNode): string {
    return this.#text.slice(from, to);
  }

  /** All nodes of this name below the node and at it, in the order of the text. */
  find(name: string, below: PromqlNode = this.top): PromqlNode[] {
    const found: PromqlNode[] = [];
    below.cursor().iterate((node) => {
      if (node.name === name) found.push(node.node);
    });
    return found;
  }

  /** The metric that a `VectorSelector` names; empty when it names none. */
  metricOf(selector: PromqlNode): string {
    const identifier = selector.getChild('Identifier');
    return identifier === null ? '' : this.textOf(identifier);
  }

  /** The conditions of a `VectorSelector`. */
  matchersOf(selector: PromqlNode): LabelMatcher[] {
    return this.find('UnquotedLabelMatcher', selector).map((matcher) => ({
      label: this.#childText(matcher, 'LabelName'),
      operator: this.#childText(matcher, 'MatchOp'),
      value: this.#childText(matcher, 'StringLiteral').slice(1, -1),
    }));
  }

  /** The labels of a `by`, `without`, `on` or `ignoring` that stands directly below the node. */
  groupingOf(modifier: PromqlNode): string[] {
    return this.find('LabelName', modifier).map((label) => this.textOf(label));
  }

  /** The strings among the arguments of a `FunctionCall`. */
  stringsOf(call: PromqlNode): string[] {
    const literals = call.getChild('FunctionCallBody')?.getChildren('StringLiteral') ?? [];
    return literals.map((literal) => this.textOf(literal).slice(1, -1));
  }

  #childText(node: PromqlNode, name: string): string {
    const child = node.getChild(name);
    return child === null ? '' : this.textOf(child);
  }
}
