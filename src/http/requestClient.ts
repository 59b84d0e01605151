import type { FastifyRequest } from 'fastify';
import type { Client } from '../access/client.ts';
import { isSafeWire } from './clientAddress.ts';
import { certificateOf } from './clientCertificate.ts';

/** The client of a request; what it takes to tell is read when it is asked for. */
export class RequestClient implements Client {
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  get address(): string {
    return this.#request.clientAddress;
  }

  get authorization(): string | undefined {
    return this.#request.headers.authorization;
  }

  get certificateName(): string | undefined {
    const certificate = certificateOf(this.#request.raw.socket);
    return certificate?.kind === 'user' ? certificate.name : undefined;
  }

  get isSafe(): boolean {
    return isSafeWire(this.#request);
  }
}
