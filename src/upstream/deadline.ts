/**
 * Bounds a piece of work in time until it is lifted, and lets a caller end it at any time.
 */
export class Deadline {
  /** Aborts with the reason that the deadline was made with, or with that of the caller. */
  readonly signal: AbortSignal;
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;

  /** Runs out in so many milliseconds; `reason` makes the error for that. */
  constructor(milliseconds: number, reason: () => Error, caller?: AbortSignal) {
    const controller = new AbortController();
    this.#timer = setTimeout(() => {
      controller.abort(reason());
    }, milliseconds);
    this.#caller = caller;
    this.signal =
      caller === undefined ? controller.signal : AbortSignal.any([caller, controller.signal]);
  }

  /** Whether the caller, and not the clock, ended the work. */
  get abandoned(): boolean {
    return this.#caller?.aborted === true && this.signal.reason === this.#caller.reason;
  }

  /** From here on only the caller can end the work. */
  lift(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * The promise's outcome, or the signal's reason if that comes first. The work goes on all the same:
 * what it comes to later is dropped, an error too.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
