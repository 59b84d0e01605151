import type { ContenderName } from '../figure.ts';
import type { Server } from '../server.ts';
import type { BenchUpstream } from '../upstream.ts';

/** What a contender stands before: the upstream, or with another `url` a link to it. */
export type Before = Pick<BenchUpstream, 'url' | 'contents'>;

/** A server that is compared. */
export interface Contender {
  readonly name: ContenderName;
  /** The programs that it needs. */
  readonly needs: readonly string[];
  /** Starts it on a port of its own with a directory that holds nothing. */
  readonly start: (directory: string, before: Before) => Promise<Server>;
}
