import { ConnectionSlots, type ConnectionSlot } from './connectionSlots.ts';

/** How many slots there are, and how long the line before them is. */
export interface PatientSlotsOptions {
  readonly count: number;
  /** How many may wait for a slot. */
  readonly line: number;
}

/** No slot became free in time, or too many wait for one already. */
export class CrowdedError extends Error {
  constructor() {
    super('too much is under way');
    this.name = 'CrowdedError';
  }
}

/** Slots, as {@link ConnectionSlots} has them, for which only so many wait in line, and only for a while. */
export class PatientSlots {
  readonly #slots: ConnectionSlots;
  readonly #line: number;

  constructor({ count, line }: PatientSlotsOptions) {
    this.#slots = new ConnectionSlots(count);
    this.#line = line;
  }

  /** Whether every slot is free, and so nobody waits. */
  get isIdle(): boolean {
    return this.#slots.isIdle;
  }

  /** A slot, if one is free: nobody waits in line then. */
  tryAcquire(): ConnectionSlot | undefined {
    return this.#slots.tryAcquire();
  }

  /**
   * A slot, when those who waited before have theirs. When the signal aborts, its reason is thrown.
   * @param patience milliseconds
   * @throws {CrowdedError} when the line is full, or no slot became free in time
   */
  async acquire(signal: AbortSignal, patience: number): Promise<ConnectionSlot> {
    signal.throwIfAborted();
    const slot = this.tryAcquire();
    if (slot !== undefined) return slot;
    if (this.#slots.waiting >= this.#line) throw new CrowdedError();
    const patient = new AbortController();
    const timer = setTimeout(() => patient.abort(new CrowdedError()), patience);
    try {
      return await this.#slots.acquire(AbortSignal.any([signal, patient.signal]));
    } finally {
      clearTimeout(timer);
    }
  }
}
