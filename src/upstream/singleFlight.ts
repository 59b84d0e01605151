/** A piece of work that several callers share, and whether this caller found it already running. */
export interface Flight<V> {
  readonly promise: Promise<V>;
  readonly joined: boolean;
}

/**
 * Lets callers who want the same thing at the same time share one piece of work. A failure reaches
 * all of them, and the next caller after it tries anew. The work knows none of its callers: one that
 * stops waiting changes nothing for the others, or for the work.
 */
export class SingleFlight<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /** Joins the work that is running under the key, or starts it. */
  run(key: K, work: () => Promise<V>): Flight<V> {
    const running = this.#running.get(key);
    if (running !== undefined) return { promise: running, joined: true };
    const promise = this.#start(key, work);
    this.#running.set(key, promise);
    // When every caller has left, a failure is nobody's: it must not end the process.
    promise.catch(() => undefined);
    return { promise, joined: false };
  }

  async #start(key: K, work: () => Promise<V>): Promise<V> {
    // Work that fails at once would otherwise clear its entry before there is one.
    await Promise.resolve();
    try {
      return await work();
    } finally {
      this.#running.delete(key);
    }
  }
}
