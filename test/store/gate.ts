/** A piece of work that a test holds up. */
export interface HeldUp {
  /** Settles when the work has come to where it is held up. */
  readonly begun: Promise<void>;
  readonly goOn: () => void;
}

/** A place where work is held up: whoever calls `hold` waits until `goOn` was called. */
export interface Gate extends HeldUp {
  readonly hold: () => Promise<void>;
}

/** A gate that is closed. */
export function gate(): Gate {
  const begun = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const hold = async () => {
    begun.resolve();
    await opened.promise;
  };
  return { begun: begun.promise, hold, goOn: () => opened.resolve() };
}
