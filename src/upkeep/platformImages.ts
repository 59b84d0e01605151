import type { Digest } from '../registry/digest.ts';
import { parseJsonObject } from '../registry/jsonObject.ts';
import { blobsOf, type Image, type Manifest } from '../registry/manifest.ts';
import { platformOf, type Platform } from '../registry/platform.ts';
import type { BlobStore } from '../store/blobStore.ts';
import type { ImageGraph } from './imageGraph.ts';

/** What a client of one platform has to have of an image. */
export interface PlatformImage {
  /** `undefined` where nothing says it, as for an artifact. */
  readonly platform: Platform | undefined;
  /** From the manifest that a name stands for to the layers, each once. */
  readonly digests: readonly Digest[];
  /** Whether all of them are held. */
  readonly isWhole: boolean;
}

/** The images of the platforms that an image consists of. */
export class PlatformImages {
  readonly #blobs: BlobStore;
  readonly #graph: ImageGraph;

  constructor(blobs: BlobStore, graph: ImageGraph) {
    this.#blobs = blobs;
    this.#graph = graph;
  }

  /**
   * One for an image, one for each entry of an index, those of indexes in it included, in their order. An
   * index without entries is an image of its own, and so is what is no image at all.
   */
  async of(digest: Digest): Promise<readonly PlatformImage[]> {
    return Array.fromAsync(this.#within([digest], undefined, new Set()));
  }

  /** `path`: the manifests from the outermost one in. `visited`: one index may name another, and it the first. */
  async *#within(
    path: readonly Digest[],
    platform: Platform | undefined,
    visited: Set<Digest>,
  ): AsyncGenerator<PlatformImage> {
    const digest = path.at(-1);
    if (digest === undefined || visited.has(digest)) return;
    visited.add(digest);
    const manifest = await this.#graph.manifest(digest);
    if (manifest?.kind !== 'index' || manifest.manifests.length === 0) {
      yield await this.#image(path, platform, manifest);
      return;
    }
    for (const child of manifest.manifests) {
      yield* this.#within([...path, child.digest], child.platform ?? platform, visited);
    }
  }

  async #image(
    path: readonly Digest[],
    stated: Platform | undefined,
    manifest: Manifest | undefined,
  ): Promise<PlatformImage> {
    const isImage = manifest?.kind === 'image';
    const platform = stated ?? (isImage ? await this.#configured(manifest) : undefined);
    const required = manifest === undefined ? undefined : blobsOf(manifest);
    // What clients fetch elsewhere is carried where it is here all the same.
    const named = isImage
      ? [...(manifest.config ? [manifest.config] : []), ...manifest.layers]
      : [];
    const elsewhere = named.filter(({ urls, digest }) => urls !== undefined && this.#holds(digest));
    const blobs = [...(required ?? []), ...elsewhere].map(({ digest }) => digest);
    const digests = [...new Set([...path, ...blobs])];
    const isWhole = required !== undefined && digests.every((digest) => this.#holds(digest));
    return { platform, digests, isWhole };
  }

  async #configured({ config }: Image): Promise<Platform | undefined> {
    const bytes = config === undefined ? undefined : await this.#blobs.peek(config.digest);
    return bytes === undefined ? undefined : platformOf(parseJsonObject(bytes) ?? {});
  }

  #holds(digest: Digest): boolean {
    return this.#blobs.describe(digest) !== undefined;
  }
}
