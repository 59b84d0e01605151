import type { ServerResponse } from 'node:http';
import { UpkeepError } from '../upkeep/upkeepError.ts';

// Of the connections that the ops server has, so many are left to scrapers and probers whatever is asked of
// the API.
const mostAtOnce = 32;

/** What the API has under way: not too much of it, and all of it ended when the mirror stops. */
export class ApiWork {
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /**
   * Does work for a caller. The signal aborts when its connection is gone, or when the mirror stops.
   * @throws {UpkeepError} `busy` when too much is under way
   */
  async run<Result>(
    response: ServerResponse,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    if (this.#running.size >= mostAtOnce) {
      throw new UpkeepError('busy', 'the mirror has enough to do for callers of its API already');
    }
    const gone = new AbortController();
    const answered = Promise.withResolvers<void>();
    response.once('close', () => {
      gone.abort(new UpkeepError('failed', 'the caller is gone'));
      answered.resolve();
    });
    const done = work(AbortSignal.any([gone.signal, this.#stopping.signal]));
    const running = Promise.allSettled([done, answered.promise]);
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
    return done;
  }

  /** Ends all work at its next event. */
  stop(): void {
    this.#stopping.abort(new UpkeepError('failed', 'the mirror is stopping'));
  }
}
