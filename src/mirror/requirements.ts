import { LRUCache } from 'lru-cache';
import type { Descriptor } from '../registry/descriptor.ts';
import type { Digest } from '../registry/digest.ts';
import { blobsOf, parseManifest } from '../registry/manifest.ts';
import type { BlobStore } from '../store/blobStore.ts';

/** What must be at hand for a manifest to be of use. */
export type Requirements =
  | {
      readonly kind: 'all';
      readonly blobs: readonly Digest[];
      /** Whether a registry that has the manifest is sure to have them. */
      readonly vouched: boolean;
    }
  | { readonly kind: 'any'; readonly manifests: readonly Digest[] }
  | { readonly kind: 'impossible' };

// A digest takes some 150 bytes, so all of them together take up to 15 MB.
const rememberedDigests = 100_000;

/** What the manifests that are held require. */
export class ManifestRequirements {
  readonly #blobs: BlobStore;
  readonly #known = new LRUCache<Digest, Requirements>({
    maxSize: rememberedDigests,
    sizeCalculation: sizeOf,
  });

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * An image requires its config and all its layers; an index one of its images, since it can't be told
   * which platform the client wants. `undefined` when no such manifest is held.
   */
  async of(digest: Digest): Promise<Requirements | undefined> {
    const mediaType = this.#blobs.describe(digest)?.mediaType;
    if (mediaType === undefined) return undefined;
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const bytes = await this.#blobs.peek(digest);
    if (bytes === undefined) return undefined;
    const requirements = requirementsIn(bytes, mediaType);
    this.#known.set(digest, requirements);
    return requirements;
  }
}

function requirementsIn(bytes: Buffer, mediaType: string): Requirements {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest === undefined) return { kind: 'impossible' };
  if (manifest.kind === 'index') {
    return { kind: 'any', manifests: digestsOf(manifest.manifests) };
  }
  const blobs = blobsOf(manifest);
  if (blobs === undefined) return { kind: 'impossible' };
  const vouched = manifest.kind === 'image' && !manifest.ambiguous;
  return { kind: 'all', blobs: digestsOf(blobs), vouched };
}

/** Each digest once: a manifest may name one as often as its author likes. */
function digestsOf(descriptors: readonly Descriptor[]): Digest[] {
  return [...new Set(descriptors.map(({ digest }) => digest))];
}

function sizeOf(requirements: Requirements): number {
  if (requirements.kind === 'impossible') return 1;
  const { length } = requirements.kind === 'all' ? requirements.blobs : requirements.manifests;
  return length + 1;
}
