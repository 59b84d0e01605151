import type { ConnectionSlot } from '../upstream/connectionSlots.ts';
import { CrowdedError, PatientSlots, type PatientSlotsOptions } from '../upstream/patientSlots.ts';
import { UpkeepError } from '../upkeep/upkeepError.ts';

/** How much may be under way, and how many wait for how long. */
export interface ApiPlacesOptions extends PatientSlotsOptions {
  /** Milliseconds that they wait. */
  readonly patience: number;
}

/** Places for work, of which there are so many; who finds none free waits in line for a while. */
export class ApiPlaces {
  readonly #slots: PatientSlots;
  readonly #patience: number;

  constructor(options: ApiPlacesOptions) {
    this.#slots = new PatientSlots(options);
    this.#patience = options.patience;
  }

  /**
   * Takes a place, which has to be given back. When the signal aborts, its reason is thrown.
   * @throws {UpkeepError} `busy` when the line is full, or no place became free in time
   */
  async take(signal: AbortSignal): Promise<ConnectionSlot> {
    try {
      return await this.#slots.acquire(signal, this.#patience);
    } catch (error) {
      if (!(error instanceof CrowdedError)) throw error;
      throw new UpkeepError('busy', 'the mirror has enough to do for callers of its API already');
    }
  }
}
