import type { Digest } from '../registry/digest.ts';
import { parseManifest, type Manifest } from '../registry/manifest.ts';
import type { BlobStore } from '../store/blobStore.ts';

/** What manifests that are held consist of. Reads them without counting as a use, and remembers nothing. */
export class ImageGraph {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** What a manifest says; `undefined` when it is not held, is damaged, or is none that can be read. */
  async manifest(digest: Digest): Promise<Manifest | undefined> {
    const mediaType = this.#blobs.describe(digest)?.mediaType;
    if (mediaType === undefined) return undefined;
    const bytes = await this.#blobs.peek(digest);
    return bytes && parseManifest(bytes, mediaType);
  }

  /**
   * The manifest and all that it needs: the manifests in an index, the configs and the layers, each once,
   * held or not, in the order in which they are come upon. What clients fetch from `urls` is among them,
   * what a `subject` names is not.
   */
  async closure(digest: Digest): Promise<ReadonlySet<Digest>> {
    const found = new Set([digest]);
    const manifests = new Set([digest]);
    // Both sets grow meanwhile; that manifests name each other in a circle can't be, but may be claimed.
    for (const manifest of manifests) {
      const parsed = await this.manifest(manifest);
      if (parsed === undefined) continue;
      if (parsed.kind === 'index')
        for (const child of parsed.manifests) manifests.add(child.digest);
      for (const part of partsOf(parsed)) found.add(part);
    }
    return found;
  }
}

/** The digests that a manifest names: of an index its manifests, of an image its config and its layers. */
export function partsOf(manifest: Manifest): readonly Digest[] {
  if (manifest.kind === 'other') return [];
  const { manifests, config, layers } =
    manifest.kind === 'index'
      ? { manifests: manifest.manifests, config: undefined, layers: [] }
      : { manifests: [], config: manifest.config, layers: manifest.layers };
  return [...manifests, ...(config ? [config] : []), ...layers].map(({ digest }) => digest);
}
