import { setImmediate as nextTurn } from 'node:timers/promises';

// Long enough to get on with the work, short beside what a client notices.
const longestTurn = 5;

/** Lets others have their turn in the midst of a long loop: clients are served by the same thread. */
export class Turns {
  #began = performance.now();

  /** To be awaited once an item; settles at once unless this has gone on for some milliseconds. */
  async next(): Promise<void> {
    if (performance.now() - this.#began < longestTurn) return;
    await nextTurn();
    this.#began = performance.now();
  }
}
