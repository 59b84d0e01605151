/** What a {@link RecencyList} links together; the links are the list's. */
export interface RecencyNode<Node> {
  /** When it was last used, in milliseconds since the epoch. */
  usedAt: number;
  older: Node | undefined;
  newer: Node | undefined;
}

/**
 * Nodes in the order of their last use. All changes but {@link insert} take the same time however many
 * there are. An LRU cache of a library can't take a node back in at the place that it had before.
 */
export class RecencyList<Node extends RecencyNode<Node>> {
  #oldest: Node | undefined;
  #newest: Node | undefined;

  /** Adds a node as the one that was used last. */
  add(node: Node): void {
    this.#link(node, undefined);
  }

  /** Takes out a node that is in the list. */
  remove(node: Node): void {
    const { older, newer } = node;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    node.older = undefined;
    node.newer = undefined;
  }

  /** Adds nodes, each where its last use belongs; in one pass over the list. */
  insert(nodes: readonly Node[]): void {
    let next = this.#oldest;
    for (const node of nodes.toSorted((a, b) => a.usedAt - b.usedAt)) {
      while (next !== undefined && next.usedAt <= node.usedAt) next = next.newer;
      this.#link(node, next);
    }
  }

  /** From the one whose last use is longest ago; the one just handed out may be removed. */
  *oldestFirst(): Generator<Node, void> {
    for (let node = this.#oldest; node !== undefined;) {
      const { newer } = node;
      yield node;
      node = newer;
    }
  }

  #link(node: Node, newer: Node | undefined): void {
    const older = newer === undefined ? this.#newest : newer.older;
    node.older = older;
    node.newer = newer;
    if (older === undefined) this.#oldest = node;
    else older.newer = node;
    if (newer === undefined) this.#newest = node;
    else newer.older = node;
  }
}
