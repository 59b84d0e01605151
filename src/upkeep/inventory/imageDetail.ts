import type { Digest } from '../../registry/digest.ts';
import type { ImageSummary } from './imageSummary.ts';

/** A blob or manifest that an image consists of. */
export interface ContentDetail {
  readonly digest: Digest;
  readonly mediaType: string;
  /** In bytes: as held, else as the manifest claims. */
  readonly size: number;
  readonly held: boolean;
  /** In ISO 8601; `null` where it is not held. */
  readonly storedAt: string | null;
  readonly lastUsedAt: string | null;
}

/** The image of one platform. */
export interface PlatformDetail {
  /** Such as `linux/amd64`; `unknown/unknown` for attestations, `null` where nothing says it. */
  readonly platform: string | null;
  readonly manifest: ContentDetail;
  /** `null` while the manifest is not held, or has none that can be read. */
  readonly config: ContentDetail | null;
  readonly layers: readonly ContentDetail[];
  readonly complete: boolean;
}

/** All that the cache knows of one image, as `inspect` and the API show it. */
export interface ImageDetail extends ImageSummary {
  readonly mediaType: string | null;
  /** The manifest that the name stands for. */
  readonly manifest: ContentDetail;
  /** One for an image, one for each entry of an index; empty for other manifests. */
  readonly images: readonly PlatformDetail[];
  /** What the tag stood for before, while that is kept. */
  readonly earlier: { readonly digest: Digest; readonly checkedAt: string } | null;
}
