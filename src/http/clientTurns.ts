import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../access/admission.ts';
import { ClientLimits, type ClientLimitsOptions, type Waiting } from '../access/clientLimits.ts';
import { clientNetwork } from '../access/clientNetwork.ts';
import type { ClientPlace } from '../access/clientPlaces.ts';
import { RegistryError } from '../registry/errors.ts';
import { CrowdedError } from '../upstream/patientSlots.ts';
import { RequestClient } from './requestClient.ts';

/** Tells clients apart that have limits of their own: requests of one client have the same text. */
export type ClientKey = (request: FastifyRequest) => string;

/** What {@link ClientTurns} is made of. */
export interface ClientTurnsOptions {
  readonly limits: ClientLimitsOptions;
  readonly clientKey: ClientKey;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
}

/** Whoever is known by name by then, and of others the network of the address. */
export function clientKeyOf(admission: Pick<Admission, 'identityAtHand'>): ClientKey {
  return (request) => {
    const identity = request.trace.identity ?? admission.identityAtHand(new RequestClient(request));
    if (identity === undefined) return clientNetwork(request.clientAddress);
    return `${identity.by} ${identity.name}`;
  };
}

/** Has the requests and the streams of a client wait for their turn, all in all no longer than the limits say. */
export class ClientTurns {
  readonly #limits: ClientLimits;
  readonly #clientKey: ClientKey;
  readonly #now: () => number;

  constructor({ limits, clientKey, monotonicNow }: ClientTurnsOptions) {
    this.#limits = new ClientLimits(limits);
    this.#clientKey = clientKey;
    this.#now = monotonicNow;
  }

  /**
   * Settles when it is a request's turn.
   * @throws {RegistryError} `TOOMANYREQUESTS`, when that would take too long or the client leaves
   */
  async request(reply: FastifyReply): Promise<void> {
    const { requestsPerSecond } = this.#limits.options;
    if (requestsPerSecond === 0) return;
    const turn = this.#limits.turn(this.#clientKey(reply.request), () => this.#waiting(reply));
    const limit = `${requestsPerSecond} requests a second (access.limits.requestsPerSecond)`;
    if (turn !== undefined) await this.#waitFor(turn, reply, limit);
  }

  /**
   * A place for a stream, to be given back when it is over; `undefined` where there is no limit.
   * @throws {RegistryError} as {@link request} does
   */
  async stream(reply: FastifyReply): Promise<ClientPlace | undefined> {
    const { streams } = this.#limits.options;
    if (streams === 0) return undefined;
    const key = this.#clientKey(reply.request);
    const place = this.#limits.stream(key, () => this.#waiting(reply));
    const limit = `${streams} blobs at once (access.limits.streams)`;
    return place instanceof Promise ? this.#waitFor(place, reply, limit) : place;
  }

  async #waitFor<Turn>(
    turn: Promise<Turn>,
    { request: { trace } }: FastifyReply,
    limit: string,
  ): Promise<Turn> {
    const began = this.#now();
    try {
      return await turn;
    } catch (error) {
      if (!(error instanceof CrowdedError)) throw error;
      const message = `one client may ask for ${limit}`;
      // Whoever is in line now will have been served, or be gone.
      const retryAfter = this.#limits.options.wait / 1000;
      throw new RegistryError('TOOMANYREQUESTS', { message, retryAfter });
    } finally {
      trace.waited += this.#now() - began;
    }
  }

  #waiting({ request, raw }: FastifyReply): Waiting {
    const gone = new AbortController();
    const leave = (): void => {
      const message = 'the client left while it waited for its turn';
      gone.abort(new RegistryError('TOOMANYREQUESTS', { message }));
    };
    if (raw.destroyed) leave();
    else raw.once('close', leave);
    return { signal: gone.signal, patience: this.#limits.options.wait - request.trace.waited };
  }
}
