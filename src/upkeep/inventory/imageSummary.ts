import type { Digest } from '../../registry/digest.ts';

/** How good the answer is that the mirror would give for a tag without asking the upstream. */
export type Freshness = 'fresh' | 'stale' | 'expired';

/**
 * One image that the cache knows, as `ls` and the API show it: a tag, or a manifest that was asked for by
 * digest alone. Times are in ISO 8601, sizes in bytes, and what is not known is `null`.
 */
export interface ImageSummary {
  /** The whole name: `docker.io/library/alpine:3.20`, or with `@sha256:…` in the place of the tag. */
  readonly name: string;
  /** `docker.io/library/alpine`. */
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: Digest;
  /** The platforms that are held whole, such as `linux/arm/v7`; `unknown/unknown` is left out. */
  readonly platforms: readonly string[];
  /** Whether it can be pulled, on one platform at least, without its upstream. */
  readonly complete: boolean;
  /** Bytes that are held of it: manifests, configs and layers, each counted once. */
  readonly size: number;
  /** Of {@link size}: bytes that other images need as well. */
  readonly sharedSize: number;
  /** When a client, or `warm`, last used its manifest. */
  readonly lastUsedAt: string | null;
  /** When the upstream last confirmed the tag. */
  readonly checkedAt: string | null;
  /** For a tag alone. */
  readonly freshness: Freshness | null;
  /** Whether `storage.pin` keeps it from being evicted. */
  readonly pinned: boolean;
}
