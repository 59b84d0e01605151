/** What is to be downloaded. */
export interface DiscardOrder {
  /** `http:` or `https:`, of which the certificate is not looked at. */
  readonly url: string;
  readonly connections: number;
  /** Over how many client processes they are spread, by default one. */
  readonly processes?: number;
  /** How long each answer has to be. */
  readonly bytes: number;
  /** How often each connection downloads it; or how long it goes on, when the last download is broken off. */
  readonly until: { readonly times: number } | { readonly seconds: number };
}

/** What it took. */
export interface Discarded {
  /** From the first connect until the last byte, or until it was broken off. */
  readonly seconds: number;
  /** Of bodies, those that were broken off too. */
  readonly bytes: number;
  /** From the first connect until each connection had the first byte of its first body. */
  readonly firstByteSeconds: readonly number[];
  /** From the first connect until each connection was done. */
  readonly doneSeconds: readonly number[];
  /** CPU time of the client from the first connect until the end. */
  readonly clientCpuSeconds: number;
}
