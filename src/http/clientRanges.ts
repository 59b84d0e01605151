import { AddressRanges } from '../access/addressRanges.ts';
import { RegistryError } from '../registry/errors.ts';

/** Which addresses may ask for anything at all. */
export class ClientRanges {
  readonly #allowed: AddressRanges | undefined;

  /** Ranges of addresses, as {@link AddressRanges} takes them; without any entry everybody may ask. */
  constructor(ranges: readonly string[]) {
    this.#allowed = ranges.length === 0 ? undefined : new AddressRanges(ranges);
  }

  /** What a client is refused with, whatever it asks for; `undefined` when it may ask. */
  refusalOf(address: string): RegistryError | undefined {
    if (this.#allowed === undefined || this.#allowed.has(address)) return undefined;
    const message = `your address ${address} may not use this mirror (access.clients)`;
    return new RegistryError('DENIED', { message });
  }
}
