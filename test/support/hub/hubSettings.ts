import type { Account } from './accounts.ts';

/** The time in ms since 1970. */
export type Clock = () => number;

/** What a scripted registry is like. The defaults are Docker Hub's. */
export interface HubSettings {
  /** By which tokens and signed addresses expire and pull limits start anew. Default: the real one. */
  readonly clock: Clock;
  /** `basic`: as a CNCF Distribution with htpasswd. `none`: open to all. Default: `bearer`. */
  readonly auth: 'bearer' | 'basic' | 'none';
  /** Default: {@link paidAccount} and {@link personalAccount}. */
  readonly accounts: readonly Account[];
  /** How long a token lives, in seconds. Default: 300. */
  readonly tokenSeconds: number;
  /** `inline`: the registry sends blobs itself, without the CDN. Default: `redirect`. */
  readonly blobs: 'redirect' | 'inline';
  /** How long a signed CDN address is good for, in seconds. Default: 1200. */
  readonly addressSeconds: number;
  /** Whether `/referrers/` exists; without it the path answers 404. Default: true. */
  readonly referrersApi: boolean;
  /** The most descriptors in one answer of `/referrers/`. Default: 100. */
  readonly referrersPageSize: number;
  /** `next_page`: pages are opaque and `last` is ignored, as at quay.io. Default: `last`. */
  readonly tagPaging: 'last' | 'next_page';
  /** The most tags in one answer, whatever `n` says. Default: 100. */
  readonly tagPageSize: number;
}
