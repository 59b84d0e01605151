import type { FastifyRequest } from 'fastify';
import type { Client } from '../access/client.ts';

/** The client of a request; what it takes to tell is read when it is asked for. */
export class RequestClient implements Client {
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  get address(): string {
    return this.#request.ip;
  }

  get authorization(): string | undefined {
    return this.#request.headers.authorization;
  }

  get certificateName(): string | undefined {
    return undefined;
  }

  get isSafe(): boolean {
    return this.#request.protocol === 'https';
  }
}
