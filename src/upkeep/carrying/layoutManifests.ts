import type { Digest } from '../../registry/digest.ts';
import { parseJsonObject, textOf } from '../../registry/jsonObject.ts';
import { parseManifest, type Manifest } from '../../registry/manifest.ts';
import { bareMediaType, isImage, isIndex } from '../../registry/mediaType.ts';
import type { LayoutImage } from '../../registry/ociLayout.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import { partsOf } from '../imageGraph.ts';
import { UpkeepError } from '../upkeepError.ts';

/** What is named where: a descriptor without its size. */
type Named = Pick<LayoutImage['descriptor'], 'digest' | 'mediaType'>;

// The longest that the mirror would keep in memory, and twice what registries take in.
const manifestLimit = 8 * 1024 * 1024;

/** Makes manifests of what came as mere blobs: only those that name them say which of them are some. */
export class LayoutManifests {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * Has the manifests of an image kept with their media types, and says what it consists of: manifests,
   * configs and layers, held or not.
   * @throws {UpkeepError} `invalid` when the manifest that the archive names is not there, or is none
   */
  async adopt(image: Named): Promise<ReadonlySet<Digest>> {
    const consistsOf = new Set<Digest>();
    const waiting: Named[] = [image];
    for (let named = waiting.pop(); named !== undefined; named = waiting.pop()) {
      if (consistsOf.has(named.digest)) continue;
      consistsOf.add(named.digest);
      const manifest = await this.#adoptOne(named);
      if (manifest === undefined && named === image) throw noManifest(image.digest);
      if (manifest?.kind === 'index') waiting.push(...manifest.manifests);
      else if (manifest !== undefined) for (const blob of partsOf(manifest)) consistsOf.add(blob);
    }
    return consistsOf;
  }

  /** `undefined` for what is not held, and for a blob: a build cache lists its layers in an index. */
  async #adoptOne({ digest, mediaType }: Named): Promise<Manifest | undefined> {
    const entry = this.#blobs.describe(digest);
    if (entry === undefined || entry.size > manifestLimit) return undefined;
    const bytes = await this.#blobs.peek(digest);
    if (bytes === undefined) return undefined;
    const type = entry.mediaType ?? statedMediaType(bytes) ?? mediaType;
    const manifest = parseManifest(bytes, type);
    if (manifest !== undefined && entry.mediaType === undefined) {
      await this.#blobs.put(digest, bytes, type);
    }
    return manifest;
  }
}

/** The type is kept for all repositories, so it has to be that of the bytes, whatever the archive says. */
function statedMediaType(bytes: Buffer): string | undefined {
  const stated = bareMediaType(textOf(parseJsonObject(bytes) ?? {}, 'mediaType') ?? '');
  return isIndex(stated) || isImage(stated) ? stated : undefined;
}

function noManifest(digest: Digest): UpkeepError {
  const message = `the archive is not whole: it lists ${digest}, which it has no manifest of`;
  return new UpkeepError('invalid', message);
}
