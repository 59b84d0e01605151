import type { Share } from './share.ts';

/** What the files of a store take of the disk. */
export interface StoreUsage {
  /** Whole blobs that are no manifests. */
  readonly blobs: Share;
  readonly manifests: Share;
  /** Being written now, as far as they have come. */
  readonly incoming: Share;
  /** Beginnings of blobs that broke off. */
  readonly partial: Share;
  readonly quarantined: Share;
  /** Of blobs and manifests: what is never evicted. */
  readonly pinned: Share;
}
