import type { StoreUsage } from '../../store/storeUsage.ts';

/** What takes up room of the cache, as `du` and the API show it. Sizes are bytes. */
export interface Usage extends StoreUsage {
  /** Absolute path of `storage.directory`. */
  readonly directory: string;
  readonly maxSize: number | null;
  readonly minFree: number;
  readonly diskFree: number | null;
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
