import type { Cell } from './cell.ts';
import { noRequests, plus, type PullOutcome, type Requests } from './outcome.ts';

/** The requests of a pull that resolves the tag and needs no more. */
export const resolved: Requests = { ...noRequests, token: 1, manifest_head: 1 };
/** Those of one that needs the manifest too. */
export const fetched: Requests = { ...resolved, manifest_get: 1 };
/** Those of a cold one. */
export const pulled: Requests = { ...fetched, blob_get: 2, cdn_get: 2 };

/** How the blobs of an image come that is not held. */
export const blobsFetched = ['config 200 miss', 'layer 200 miss'] as const;
/** How they come when they are held. */
export const blobsHeld = ['config 200 hit', 'layer 200 hit'] as const;

/** No client notices anything, and nothing is asked twice. */
export function undisturbed({ stage, state }: Cell): PullOutcome {
  if (state === 'fresh') {
    return { client: ['HEAD 200 hit', 'manifest 200 hit', ...blobsHeld], upstream: noRequests };
  }
  if (state === 'past') {
    return {
      client: ['HEAD 200 revalidated', 'manifest 200 hit', ...blobsHeld],
      upstream: resolved,
    };
  }
  // The cut that the column begins with costs one transfer more.
  const upstream = stage === 'resume' ? plus(pulled, { blob_get: 1, cdn_get: 1 }) : pulled;
  return { client: ['HEAD 200 miss', 'manifest 200 miss', ...blobsFetched], upstream };
}
