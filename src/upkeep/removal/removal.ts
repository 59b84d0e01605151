import type { Digest } from '../../registry/digest.ts';
import type { Share } from '../../store/share.ts';

/** What `purge` removed, or would remove. Sizes are bytes. */
export interface Removal {
  readonly dryRun: boolean;
  /** The whole names of the images that are gone, those of tags first. */
  readonly images: readonly string[];
  /** The patterns that no image was like. */
  readonly unmatched: readonly string[];
  /** Blobs and manifests whose files are gone; what other images need stays. */
  readonly blobs: number;
  readonly bytes: number;
  /** Bytes of the images that stay, because others need them. */
  readonly keptBytes: number;
}

/** What `gc` removed, or would remove. */
export interface Collection {
  readonly dryRun: boolean;
  /** Blobs and manifests that no repository has any more, and files that no entry was for. */
  readonly unreferenced: Share;
  /** Files of blobs that are not whole and too old to go on with, or left behind. */
  readonly temporary: Share;
  /** Damaged files that were kept for long enough. */
  readonly quarantined: Share;
  /** Entries without a file; they are misses already. */
  readonly missing: readonly Digest[];
  /** Entries of the catalog that had expired: tags, memberships, repositories. */
  readonly entries: {
    readonly tags: number;
    readonly memberships: number;
    readonly repositories: number;
  };
}
