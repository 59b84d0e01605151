import type { Share } from '../../store/share.ts';

/** What takes up room of the cache, as `du` and the API show it. Sizes are bytes. */
export interface Usage {
  /** Absolute path of `storage.directory`. */
  readonly directory: string;
  readonly maxSize: number | null;
  readonly minFree: number;
  readonly diskFree: number | null;
  /** Configs, layers and other blobs. */
  readonly blobs: Share;
  readonly manifests: Share;
  /** Being written now. */
  readonly incoming: Share;
  /** Beginnings of blobs that broke off, kept to go on with. */
  readonly partial: Share;
  /** Damaged files, kept for a look at them. */
  readonly quarantined: Share;
  /** Of blobs and manifests: what `storage.pin` keeps. */
  readonly pinned: Share;
  /** The catalog's files. */
  readonly catalog: number;
  /** Largest first. */
  readonly repositories: readonly RepositoryUsage[];
}

/** What one repository takes. */
export interface RepositoryUsage {
  /** `docker.io/library/alpine`. */
  readonly repository: string;
  readonly tags: number;
  /** Bytes that are held of it. */
  readonly size: number;
  /** Of {@link size}: what other repositories have as well. */
  readonly sharedSize: number;
}
