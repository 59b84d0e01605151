import type { Digest } from '../../registry/digest.ts';
import { repositoryKey, type Repository } from '../../store/catalog.ts';
import type { Store } from '../../store/store.ts';
import { closureOf, type ContentNode } from './contentNode.ts';
import { ContentNodes } from './contentNodes.ts';
import { imageNameOf, imagesOf, membersOf, type KnownImage } from './images.ts';
import type { SelectedImage } from '../imageSelector.ts';
import { KnownRepositories, type KnownRepository } from '../knownRepositories.ts';
import { Turns } from '../turns.ts';
import { wholeName } from '../wholeName.ts';
import { Wholeness } from './wholeness.ts';

/** An image that a {@link CacheSurvey} came upon. */
export interface SurveyedImage extends KnownImage {
  /** The whole one. */
  readonly name: string;
  /** Whether it is itself among {@link CacheSurvey.imagesWith}; one that an index names is not. */
  readonly counts: boolean;
}

/** One look at all images of a cache, which tells what they have in common. */
export class CacheSurvey {
  /** By name. */
  readonly images: readonly SurveyedImage[];
  readonly nodes: ContentNodes;
  readonly #repositories: ReadonlyMap<string, KnownRepository>;
  readonly #needed = new Map<ContentNode, number>();
  readonly #wholeness = new Map<string, Wholeness>();

  private constructor(
    images: readonly SurveyedImage[],
    nodes: ContentNodes,
    repositories: ReadonlyMap<string, KnownRepository>,
  ) {
    this.images = images;
    this.nodes = nodes;
    this.#repositories = repositories;
  }

  /** Reads the whole catalog and all manifests that are held. Others get their turn meanwhile. */
  static async take({ blobs, catalog }: Pick<Store, 'blobs' | 'catalog'>): Promise<CacheSurvey> {
    const isHeld = (digest: Digest) => blobs.describe(digest) !== undefined;
    const isManifest = (digest: Digest) => blobs.describe(digest)?.mediaType !== undefined;
    const repositories = await KnownRepositories.read(catalog, isHeld);
    const nodes = new ContentNodes(blobs);
    await nodes.read(membersOf(repositories.values()));
    const images: SurveyedImage[] = [];
    const turns = new Turns();
    for (const known of repositories.values()) {
      for await (const image of imagesOf(known, isManifest, nodes, turns)) {
        images.push({ ...image, name: imageNameOf(image), counts: true });
      }
    }
    // They come nearly in this order: to sort them takes a few milliseconds.
    images.sort((one, other) => (one.name < other.name ? -1 : 1));
    const survey = new CacheSurvey(images, nodes, repositories);
    await survey.#count(turns);
    return survey;
  }

  /** The image of a tag, or a manifest that is held under the repository; `undefined` when there is none. */
  find({ repository, reference }: SelectedImage<Repository>): SurveyedImage | undefined {
    const name = wholeName(repository, reference);
    const listed = this.images.find((image) => image.name === name);
    if (listed !== undefined || reference.kind === 'tag') return listed;
    const { digest } = reference;
    const known = this.#repositories.get(repositoryKey(repository));
    const isThere = known?.members.has(digest) && this.nodes.of(digest).manifest !== undefined;
    return isThere
      ? { repository, tag: undefined, digest, entry: undefined, name, counts: false }
      : undefined;
  }

  /** How many of the images need a blob or manifest. */
  imagesWith(node: ContentNode): number {
    return this.#needed.get(node) ?? 0;
  }

  /** What can be pulled from here alone under a repository. */
  wholeness(repository: Repository): Wholeness {
    const key = repositoryKey(repository);
    const known = this.#wholeness.get(key);
    if (known !== undefined) return known;
    const wholeness = new Wholeness(this.#repositories.get(key)?.members ?? new Set());
    this.#wholeness.set(key, wholeness);
    return wholeness;
  }

  async #count(turns: Turns): Promise<void> {
    const roots = new Map<Digest, number>();
    for (const { digest } of this.images) roots.set(digest, (roots.get(digest) ?? 0) + 1);
    for (const [digest, count] of roots) {
      for (const node of closureOf(this.nodes.of(digest))) {
        this.#needed.set(node, this.imagesWith(node) + count);
      }
      await turns.next();
    }
  }
}
