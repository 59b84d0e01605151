import type { AddressRules } from './addressRules.ts';
import type { UpstreamObserver } from './upstreamObserver.ts';

/** What the parts that talk to one upstream have in common. */
export interface UpstreamContext {
  /** The name that clients know the upstream by, for instance `docker.io`. */
  readonly host: string;
  /** Sent with every request: Docker Hub's edge turns some away that have none. */
  readonly userAgent: string;
  readonly rules: AddressRules;
  readonly observer: UpstreamObserver;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** The time in ms since 1970. */
  readonly wallNow: () => number;
}
