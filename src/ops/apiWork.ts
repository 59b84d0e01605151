import type { ServerResponse } from 'node:http';
import { UpkeepError } from '../upkeep/upkeepError.ts';
import { ApiPlaces } from './apiPlaces.ts';

/** What work does: it tells of the cache, or it changes it or hands out what is in it. */
export type ApiWorkKind = 'read' | 'change';

// Reading a large catalog takes some tens of MB a caller while it runs. In all it is little enough that of
// the connections that the ops server has some are left to scrapers and probers, whatever is asked of the API.
const readsAtOnce = 4;
const readsInLine = 16;
const changesAtOnce = 16;
const defaultPatience = 10_000;

/** What the API has under way: not too much of it, and all of it ended when the mirror stops. */
export class ApiWork {
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #places: Readonly<Record<ApiWorkKind, ApiPlaces>>;

  /** `patience`: milliseconds that a read waits for a place; 10 s by default. */
  constructor(patience = defaultPatience) {
    this.#places = {
      read: new ApiPlaces({ count: readsAtOnce, line: readsInLine, patience }),
      // Never in line behind those who only look.
      change: new ApiPlaces({ count: changesAtOnce, line: 0, patience: 0 }),
    };
  }

  /**
   * Does work for a caller, when there is a place for it. The signal aborts when its connection is gone, or
   * when the mirror stops.
   * @throws {UpkeepError} `busy` when too much is under way
   */
  async run<Result>(
    kind: ApiWorkKind,
    response: ServerResponse,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const gone = new AbortController();
    const answered = Promise.withResolvers<void>();
    response.once('close', () => {
      gone.abort(new UpkeepError('failed', 'the caller is gone'));
      answered.resolve();
    });
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal]);
    const place = await this.#places[kind].take(signal);
    const done = work(signal);
    const ended: Promise<unknown> = Promise.allSettled([done]);
    this.#running.add(ended);
    void ended.then(() => this.#running.delete(ended));
    void Promise.all([ended, answered.promise]).then(() => place.release());
    return done;
  }

  /** Ends all work at its next event. */
  stop(): void {
    this.#stopping.abort(new UpkeepError('failed', 'the mirror is stopping'));
  }

  /** Resolves when nothing is under way, after a stop; what goes on for a caller that is gone counts. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
