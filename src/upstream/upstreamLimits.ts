/** How long and how large the answers of an upstream may be. */
export interface UpstreamLimits {
  /**
   * Milliseconds for everything that one call takes, log-in and redirects included; of a blob until
   * its headers are in. containerd ≥ 2.3 gives up when its own headers take 30 s.
   */
  readonly callTimeout: number;
  /** Milliseconds for one request to the token service. */
  readonly tokenTimeout: number;
  /** Bytes of a manifest. The distribution-spec wants 4 MB to work. */
  readonly manifest: number;
  /** Bytes of a page of tags or referrers. */
  readonly list: number;
}

/** What serves unless something else is asked for. */
export const defaultUpstreamLimits: UpstreamLimits = {
  callTimeout: 20_000,
  tokenTimeout: 10_000,
  manifest: 8 * 1024 * 1024,
  list: 8 * 1024 * 1024,
};
