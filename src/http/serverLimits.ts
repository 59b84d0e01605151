/** How long the server waits for a client, and how much it takes from one; times in milliseconds. */
export interface ServerLimits {
  /** For a request's head to come in whole. */
  readonly headersTimeout: number;
  /** For a request to come in whole. */
  readonly requestTimeout: number;
  /** For the next request on a connection; Node adds a second. */
  readonly keepAliveTimeout: number;
  /** For a connection on which nothing moves, in either direction. */
  readonly idleTimeout: number;
  /** How often requests that take too long to come in are looked for. */
  readonly checkInterval: number;
  /** Bytes of a request's head. */
  readonly maxHeaderSize: number;
}

/** What is good for every client known. */
export const serverLimits: ServerLimits = {
  // A request has no body and comes in at once, or not at all.
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  // Longer than the minute after which common load balancers give up an idle connection.
  keepAliveTimeout: 75_000,
  // A client that takes no byte for so long is gone. A slow one takes some.
  idleTimeout: 300_000,
  checkInterval: 5000,
  // A bearer token that a client volunteers has some KB.
  maxHeaderSize: 32 * 1024,
};
