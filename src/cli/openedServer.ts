import type { FastifyInstance } from 'fastify';
import type { FileRenewal } from './fileRenewal.ts';

/** A server that does not listen yet, and what it reads again while it runs. */
export interface OpenedServer {
  readonly server: FastifyInstance;
  /** To be started with the server, and stopped before it. */
  readonly renewals: ReadonlyArray<Pick<FileRenewal<unknown>, 'start' | 'stop'>>;
}
