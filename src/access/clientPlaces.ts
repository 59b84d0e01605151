import type { ConnectionSlot } from '../upstream/connectionSlots.ts';
import { PatientSlots, type PatientSlotsOptions } from '../upstream/patientSlots.ts';

/** What a client has taken; to be given back once, in whichever way. */
export interface ClientPlace {
  release(): void;
}

/** As many places for each client; who finds none free waits in a line of that client. */
export class ClientPlaces {
  readonly #options: PatientSlotsOptions;
  // Only clients that have taken something: one that is idle has as many places as one that never came.
  readonly #clients = new Map<string, PatientSlots>();

  /** What holds for each client. */
  constructor(options: PatientSlotsOptions) {
    this.#options = options;
  }

  /** How many clients it has to remember. */
  get clients(): number {
    return this.#clients.size;
  }

  /** A place, if the client has one free. */
  tryTake(client: string): ClientPlace | undefined {
    const slots = this.#slotsOf(client);
    const slot = slots.tryAcquire();
    return slot && this.#place(client, slots, slot);
  }

  /**
   * A place, when those of the client that waited before have theirs. When the signal aborts, its reason is thrown.
   * @param patience milliseconds
   * @throws {CrowdedError} when too many wait, or no place became free in time
   */
  async take(client: string, signal: AbortSignal, patience: number): Promise<ClientPlace> {
    signal.throwIfAborted();
    const slots = this.#slotsOf(client);
    return this.#place(client, slots, await slots.acquire(signal, patience));
  }

  #slotsOf(client: string): PatientSlots {
    const known = this.#clients.get(client);
    if (known !== undefined) return known;
    const slots = new PatientSlots(this.#options);
    this.#clients.set(client, slots);
    return slots;
  }

  #place(client: string, slots: PatientSlots, slot: ConnectionSlot): ClientPlace {
    return {
      release: () => {
        slot.release();
        if (slots.isIdle) this.#clients.delete(client);
      },
    };
  }
}
