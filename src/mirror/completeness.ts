import { LRUCache } from 'lru-cache';
import type { Digest } from '../registry/digest.ts';
import { blobsOf, parseManifest } from '../registry/manifest.ts';
import type { BlobStore } from '../store/blobStore.ts';

/** What must be at hand for a manifest to be of use. */
type Requirements =
  | { readonly kind: 'all'; readonly blobs: readonly Digest[] }
  | { readonly kind: 'any'; readonly manifests: readonly Digest[] }
  | { readonly kind: 'impossible' };

/**
 * Whether an image can be had from here alone. podman, CRI-O and kaniko choose between mirror and
 * upstream at the manifest and stay with their choice, so a manifest without its blobs is a trap.
 */
export class Completeness {
  readonly #blobs: BlobStore;
  readonly #requirements = new LRUCache<Digest, Requirements>({ max: 10_000 });

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * An image is complete when its config and all its layers are held; an index when one of its images
   * is, since it can't be told which platform the client wants. Other manifests need nothing.
   */
  async isComplete(digest: Digest): Promise<boolean> {
    const requirements = await this.#requirementsOf(digest);
    if (requirements === undefined || requirements.kind === 'impossible') return false;
    if (requirements.kind === 'all') {
      return requirements.blobs.every((blob) => this.#blobs.describe(blob) !== undefined);
    }
    for (const manifest of requirements.manifests) {
      const held = this.#blobs.describe(manifest) !== undefined;
      if (held && (await this.isComplete(manifest))) return true;
    }
    return requirements.manifests.length === 0;
  }

  async #requirementsOf(digest: Digest): Promise<Requirements | undefined> {
    const known = this.#requirements.get(digest);
    if (known !== undefined) return known;
    const mediaType = this.#blobs.describe(digest)?.mediaType;
    if (mediaType === undefined) return undefined;
    const bytes = await this.#blobs.read(digest);
    if (bytes === undefined) return undefined;
    const requirements = requirementsIn(bytes, mediaType);
    this.#requirements.set(digest, requirements);
    return requirements;
  }
}

function requirementsIn(bytes: Buffer, mediaType: string): Requirements {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest === undefined) return { kind: 'impossible' };
  if (manifest.kind === 'index') {
    return { kind: 'any', manifests: manifest.manifests.map(({ digest }) => digest) };
  }
  const blobs = blobsOf(manifest);
  if (blobs === undefined) return { kind: 'impossible' };
  return { kind: 'all', blobs: blobs.map(({ digest }) => digest) };
}
