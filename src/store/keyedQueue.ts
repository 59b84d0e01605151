/** Does what is asked for one key in the order asked, one after the other; keys don't wait for another. */
export class KeyedQueue<Key> {
  readonly #last = new Map<Key, Promise<unknown>>();

  /** Does the work when everything asked earlier for the key has ended, however it ended. */
  run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const forget = () => {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    };
    const ended: Promise<void> = result.then(forget, forget);
    this.#last.set(key, ended);
    return result;
  }

  /** Does one work for many keys, when everything asked earlier for any of them has ended. */
  runAll<T>(keys: readonly Key[], work: () => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#last.get(key) ?? Promise.resolve());
    const result = Promise.all(before).then(work);
    const forget = () => {
      for (const key of keys) if (this.#last.get(key) === ended) this.#last.delete(key);
    };
    const ended: Promise<void> = result.then(forget, forget);
    for (const key of keys) this.#last.set(key, ended);
    return result;
  }

  /** Settles when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
