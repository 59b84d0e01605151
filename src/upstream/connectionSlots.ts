import type { Readable } from 'node:stream';

/** The right to use a connection. It must be given back, in whichever way. */
export class ConnectionSlot {
  readonly #giveBack: () => void;
  #body: Readable | undefined;

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  /** The connection is used until this body has ended or was destroyed. */
  lendTo(body: Readable): void {
    this.#body = body;
  }

  /** The work for which it was acquired is over: gives it back, now or when the body is done with. */
  release(): void {
    if (this.#body === undefined || this.#body.closed) this.#giveBack();
    else this.#body.once('close', this.#giveBack);
  }
}

/** As many slots as there may be connections; who finds none free waits in line. */
export class ConnectionSlots {
  readonly #limit: number;
  #free: number;
  readonly #waiting = new Set<(slot: ConnectionSlot) => void>();

  constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  /** How many wait in line. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether every slot is free, and so nobody waits. */
  get isIdle(): boolean {
    return this.#free === this.#limit;
  }

  /** A slot, if one is free: nobody waits in line then. */
  tryAcquire(): ConnectionSlot | undefined {
    if (this.#free === 0) return undefined;
    this.#free -= 1;
    return this.#slot();
  }

  /** A slot, when those who waited before have theirs. When the signal aborts, its reason is thrown. */
  async acquire(signal: AbortSignal): Promise<ConnectionSlot> {
    signal.throwIfAborted();
    const slot = this.tryAcquire();
    if (slot !== undefined) return slot;
    const { promise, resolve, reject } = Promise.withResolvers<ConnectionSlot>();
    const onAbort = (): void => {
      this.#waiting.delete(resolve);
      reject(signal.reason);
    };
    this.#waiting.add(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #slot(): ConnectionSlot {
    return new ConnectionSlot(() => {
      this.#giveBack();
    });
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next(this.#slot());
  }
}
