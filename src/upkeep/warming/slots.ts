import { ConnectionSlots } from '../../upstream/connectionSlots.ts';

/** How much may be under way at once; what comes when all is taken waits in line, as for a connection. */
export class Slots {
  readonly #slots: ConnectionSlots;

  constructor(count: number) {
    this.#slots = new ConnectionSlots(count);
  }

  /** Does the work when there is a slot for it; not at all when the signal aborts before. */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const slot = await this.#slots.acquire(signal);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      slot.release();
    }
  }
}
