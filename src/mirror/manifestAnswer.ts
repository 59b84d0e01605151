import type { Digest } from '../registry/digest.ts';
import type { CacheOutcome } from './mirrorObserver.ts';

/** What a HEAD on a manifest is answered with. */
export interface ManifestDescription {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly outcome: CacheOutcome;
  /** For a `Warning` header. */
  readonly warning?: string;
}

/** What a GET on a manifest is answered with. */
export interface ManifestAnswer extends ManifestDescription {
  readonly bytes: Buffer;
}
