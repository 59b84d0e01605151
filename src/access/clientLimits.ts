import { ClientPlaces, type ClientPlace } from './clientPlaces.ts';

/** How much one client may have; 0 stands for any number. */
export interface ClientLimitsOptions {
  /** Requests that may be let through in any second. */
  readonly requestsPerSecond: number;
  /** Bodies of blobs that may be sent at once. */
  readonly streams: number;
  /** Milliseconds that a request waits for its turn, in all, before it is refused. */
  readonly wait: number;
}

/** Somebody who waits: until the signal aborts, or for so many milliseconds. */
export interface Waiting {
  readonly signal: AbortSignal;
  readonly patience: number;
}

const second = 1000;
// Each one who waits holds a connection, and for a stream a blob too.
const longestLineOfRequests = 1000;
const longestLineOfStreams = 250;

/**
 * Limits what each client gets of the mirror. What goes beyond waits for its turn, first in, first out, as long as
 * it may hope for one in time; each client in a line of its own.
 */
export class ClientLimits {
  readonly options: ClientLimitsOptions;
  readonly #requests: ClientPlaces | undefined;
  readonly #streams: ClientPlaces | undefined;

  constructor(options: ClientLimitsOptions) {
    this.options = options;
    const { requestsPerSecond, streams, wait } = options;
    const inTime = Math.floor((requestsPerSecond * wait) / second);
    this.#requests = limited(requestsPerSecond, Math.min(inTime, longestLineOfRequests));
    this.#streams = limited(streams, longestLineOfStreams);
  }

  /** How many clients it has to remember: those that have asked within a second, or are sent something. */
  get clients(): number {
    return (this.#requests?.clients ?? 0) + (this.#streams?.clients ?? 0);
  }

  /**
   * The turn of a request of a client; `undefined` when it has it at once. `waiting` is called for one that has to
   * wait. When its signal aborts, its reason is thrown.
   * @throws {CrowdedError} when too many wait, or its turn did not come in time
   */
  turn(client: string, waiting: () => Waiting): Promise<void> | undefined {
    if (this.#requests === undefined) return undefined;
    const place = this.#requests.tryTake(client);
    if (place === undefined) return this.#laterTurn(this.#requests, client, waiting());
    useUp(place);
    return undefined;
  }

  /**
   * A place for one more stream to a client; `undefined` where any number may be sent. It has to be given back when
   * the stream is over. `waiting` and what is thrown are as for {@link turn}.
   */
  stream(client: string, waiting: () => Waiting): ClientPlace | Promise<ClientPlace> | undefined {
    if (this.#streams === undefined) return undefined;
    const place = this.#streams.tryTake(client);
    if (place !== undefined) return place;
    const { signal, patience } = waiting();
    return this.#streams.take(client, signal, patience);
  }

  async #laterTurn(
    requests: ClientPlaces,
    client: string,
    { signal, patience }: Waiting,
  ): Promise<void> {
    useUp(await requests.take(client, signal, patience));
  }
}

function limited(count: number, line: number): ClientPlaces | undefined {
  return count === 0 ? undefined : new ClientPlaces({ count, line });
}

/** A place that is free again a second later lets no second have more requests than there are places. */
function useUp(place: ClientPlace): void {
  setTimeout(() => place.release(), second).unref();
}
