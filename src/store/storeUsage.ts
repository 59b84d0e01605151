import type { Share } from './share.ts';

/** What the files of a store take of the disk. */
export interface StoreUsage {
  /** Configs, layers and other blobs that are whole and no manifests. */
  readonly blobs: Share;
  readonly manifests: Share;
  /** Being written now, as far as they have come. */
  readonly incoming: Share;
  /** Beginnings of blobs that broke off, kept to go on with. */
  readonly partial: Share;
  /** Damaged files, kept for a look at them. */
  readonly quarantined: Share;
  /** Of blobs and manifests: what `storage.pin` keeps. */
  readonly pinned: Share;
}
