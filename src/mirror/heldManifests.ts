import type { Digest } from '../registry/digest.ts';
import type { BlobStore } from '../store/blobStore.ts';
import type { HeldManifest } from './manifestFetcher.ts';

/** A manifest that is held, without its bytes. */
export type HeldManifestEntry = Omit<HeldManifest, 'bytes'> & { readonly size: number };

/** The manifests among the blobs that are held. One that is held as a mere blob counts as absent. */
export class HeldManifests {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** What a manifest is; `undefined` when it is not held. Does not count as a use of it. */
  describe(digest: Digest): HeldManifestEntry | undefined {
    const entry = this.#blobs.describe(digest);
    if (entry?.mediaType === undefined) return undefined;
    return { digest, mediaType: entry.mediaType, size: entry.size };
  }

  /** Notes that a client was told of the manifest, which to the client is as good as a pull of it. */
  use(digest: Digest): void {
    this.#blobs.use(digest);
  }

  /** What {@link read} would, where the bytes are in memory. */
  recall(digest: Digest): (HeldManifest & HeldManifestEntry) | undefined {
    const kept = this.#blobs.recall(digest);
    if (kept?.mediaType === undefined) return undefined;
    const { mediaType, bytes } = kept;
    return { digest, mediaType, size: bytes.length, bytes };
  }

  /** A manifest and its bytes; `undefined` also when the file turns out to be lost. */
  async read(digest: Digest): Promise<(HeldManifest & HeldManifestEntry) | undefined> {
    const entry = this.describe(digest);
    if (entry === undefined) return undefined;
    const bytes = await this.#blobs.read(digest);
    return bytes && { ...entry, size: bytes.length, bytes };
  }
}
