/** Tells whoever iterates of something; settles when that was taken, and rejects when nobody will. */
export type Report<Event> = (event: Event) => Promise<void>;

interface Offer<Event> {
  readonly event: Event;
  readonly taken: PromiseWithResolvers<void>;
}

/**
 * Work that tells of events, as an iteration of these. It begins when the first one is asked for, goes no
 * further than the event that nobody has taken yet, and is stopped by `return`, which settles when it has
 * ended. An async generator would not do: its `return` waits for the event that is asked for, and that may
 * be long in coming.
 */
export class ReportedWork<Event> implements AsyncIterableIterator<Event, undefined, void> {
  readonly #work: (report: Report<Event>, signal: AbortSignal) => Promise<void>;
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  readonly #asking: PromiseWithResolvers<IteratorResult<Event, undefined>>[] = [];
  #offer: Offer<Event> | undefined;
  #running: Promise<void> | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  /** The work has to end soon after its signal is aborted; that `signal` is aborted fails the iteration. */
  constructor(
    work: (report: Report<Event>, signal: AbortSignal) => Promise<void>,
    signal?: AbortSignal,
  ) {
    this.#work = work;
    const both = [this.#stopping.signal, ...(signal === undefined ? [] : [signal])];
    this.#signal = AbortSignal.any(both);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const asked = Promise.withResolvers<IteratorResult<Event, undefined>>();
    this.#asking.push(asked);
    if (this.#ended) this.#answerAll();
    else this.#running ??= this.#run();
    this.#handOver();
    return asked.promise;
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    this.#stopping.abort();
    this.#offer?.taken.reject(this.#signal.reason);
    this.#offer = undefined;
    this.#ended = true;
    this.#answerAll();
    await this.#running;
    this.#failure = undefined;
    return { done: true, value: undefined };
  }

  async #run(): Promise<void> {
    try {
      await this.#work((event) => this.#report(event), this.#signal);
    } catch (error) {
      // Who stopped it is not told that it was stopped.
      if (!this.#stopping.signal.aborted) this.#failure = { error };
    }
    this.#ended = true;
    this.#answerAll();
  }

  async #report(event: Event): Promise<void> {
    this.#signal.throwIfAborted();
    const taken = Promise.withResolvers<void>();
    this.#offer = { event, taken };
    const giveUp = (): void => taken.reject(this.#signal.reason);
    this.#signal.addEventListener('abort', giveUp, { once: true });
    this.#handOver();
    try {
      await taken.promise;
    } finally {
      this.#signal.removeEventListener('abort', giveUp);
    }
  }

  #handOver(): void {
    if (this.#offer === undefined) return;
    const asked = this.#asking.shift();
    if (asked === undefined) return;
    const { event, taken } = this.#offer;
    this.#offer = undefined;
    asked.resolve({ done: false, value: event });
    taken.resolve();
  }

  /** What is asked for when all is over; the first to ask is told of the failure. */
  #answerAll(): void {
    for (const asked of this.#asking.splice(0)) {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure === undefined) asked.resolve({ done: true, value: undefined });
      else asked.reject(failure.error);
    }
  }
}
