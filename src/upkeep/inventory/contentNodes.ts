import type { Descriptor } from '../../registry/descriptor.ts';
import type { Digest } from '../../registry/digest.ts';
import { blobsOf, type Image, type Manifest } from '../../registry/manifest.ts';
import { platformText } from '../../registry/platform.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type { ContentNode, ManifestNode } from './contentNode.ts';
import { ImageGraph } from '../imageGraph.ts';
import { inParallel } from '../inParallel.ts';
import { Turns } from '../turns.ts';

// Files that are read at a time.
const atOnce = 32;

/**
 * What many images consist of. Each manifest is read once, in no more memory than the links between the
 * digests take, so that what they share can be told for a whole cache.
 */
export class ContentNodes {
  readonly #blobs: BlobStore;
  readonly #graph: ImageGraph;
  readonly #nodes = new Map<Digest, ContentNode>();
  readonly #read = new Set<Digest>();
  readonly #platforms = new Map<string, string>();
  readonly #turns = new Turns();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
    this.#graph = new ImageGraph(blobs);
  }

  /** The node of a digest, whether or not its manifest was read. */
  of(digest: Digest): ContentNode {
    const known = this.#nodes.get(digest);
    if (known !== undefined) return known;
    const node: ContentNode = { digest, size: this.#blobs.describe(digest)?.size };
    this.#nodes.set(digest, node);
    return node;
  }

  /** Reads those of the manifests that are held, and what is held of those that they name; each once. */
  async read(manifests: Iterable<Digest>): Promise<void> {
    for (let round = manifests; ;) {
      const named = new Set<Digest>();
      await inParallel(round, atOnce, async (digest) => {
        await this.#turns.next();
        if (this.#read.has(digest)) return;
        this.#read.add(digest);
        const manifest = await this.#readOne(digest);
        if (manifest?.kind !== 'index') return;
        for (const child of manifest.children) named.add(child.content.digest);
      });
      if (named.size === 0) return;
      round = named;
    }
  }

  async #readOne(digest: Digest): Promise<ManifestNode | undefined> {
    const parsed = await this.#graph.manifest(digest);
    if (parsed === undefined) return undefined;
    const manifest = this.#node(parsed);
    this.of(digest).manifest = manifest;
    return manifest;
  }

  #node(manifest: Manifest): ManifestNode {
    if (manifest.kind === 'other') return { kind: 'other' };
    if (manifest.kind === 'image') return this.#image(manifest);
    const children = manifest.manifests.map(({ digest, platform }) => ({
      content: this.of(digest),
      platform: platform && this.#shared(platformText(platform)),
    }));
    return { kind: 'index', children };
  }

  #image(manifest: Image): ManifestNode {
    const { config, layers } = manifest;
    const all = [...(config === undefined ? [] : [config]), ...layers];
    const needed = blobsOf(manifest);
    const blobs = this.#all(all);
    const required = needed?.length === all.length ? blobs : needed && this.#all(needed);
    return { kind: 'image', config: config && this.of(config.digest), blobs, required };
  }

  #all(descriptors: readonly Descriptor[]): ContentNode[] {
    return descriptors.map(({ digest }) => this.of(digest));
  }

  #shared(platform: string): string {
    const known = this.#platforms.get(platform) ?? platform;
    this.#platforms.set(known, known);
    return known;
  }
}
