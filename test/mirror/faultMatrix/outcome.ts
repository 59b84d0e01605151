import type { Digest } from '../../../src/registry/digest.ts';

/** What a pull asks upstream, in the order in which a cold one does. */
export const operations = [
  'token',
  'manifest_head',
  'manifest_get',
  'blob_get',
  'cdn_get',
] as const;

/** How many requests reached the upstream, by operation. */
export type Requests = Readonly<Record<(typeof operations)[number], number>>;

/** What came of a pull. */
export interface PullOutcome {
  /** One line a step: `HEAD 200 miss`, `layer 503 UNAVAILABLE, again in 10 s`. */
  readonly client: readonly string[];
  readonly upstream: Requests;
}

/** Where the layer of a pull came from; `rest`: an earlier transfer was gone on with. */
export type LayerOrigin = 'the store' | 'the rest' | 'its start';

/** What came of a cell. */
export interface CellOutcome extends PullOutcome {
  /** Digests under which other bytes were kept. */
  readonly kept: readonly Digest[];
  /** What came of the pull after the fault; `undefined` where the fault never struck. */
  readonly afterwards: Afterwards | undefined;
}

/** What came of the pull after the fault. */
export interface Afterwards {
  /** `whole`, or its lines when not every step brought all that it should. */
  readonly pull: string;
  readonly layerFrom: LayerOrigin;
}

/** No request at all. */
export const noRequests: Requests = {
  token: 0,
  manifest_head: 0,
  manifest_get: 0,
  blob_get: 0,
  cdn_get: 0,
};

/** The sum. */
export function plus(requests: Requests, further: Partial<Requests>): Requests {
  const sum = { ...requests };
  for (const [operation, count] of Object.entries(further)) {
    sum[operation as keyof Requests] += count;
  }
  return sum;
}
