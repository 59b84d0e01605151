/** How long and how large the answers of an upstream may be. */
export interface UpstreamLimits {
  /**
   * Milliseconds for everything that one call takes, log-in and redirects included. A client's request
   * may need three of them, and containerd ≥ 2.3 gives up when its headers take 30 s.
   */
  readonly callTimeout: number;
  /** Milliseconds until the headers of a blob are in: a store that has to fetch it itself needs longer. */
  readonly blobTimeout: number;
  /** Milliseconds for one request to the token service. */
  readonly tokenTimeout: number;
  /** Milliseconds to wait in line for a connection; none of the times above runs meanwhile. */
  readonly callWait: number;
  /** The same for a blob, where transfers of others have to end first. */
  readonly blobWait: number;
  /** Bytes of a manifest. The distribution-spec wants 4 MB to work. */
  readonly manifest: number;
  /** Bytes of a page of tags or referrers. */
  readonly list: number;
}

/** What serves unless something else is asked for. */
export const defaultUpstreamLimits: UpstreamLimits = {
  callTimeout: 9_000,
  blobTimeout: 18_000,
  tokenTimeout: 8_000,
  callWait: 5_000,
  blobWait: 20_000,
  manifest: 8 * 1024 * 1024,
  list: 8 * 1024 * 1024,
};
