import type { MirroredUpstreams } from '../../mirror/mirroredUpstream.ts';
import { repositoryKey } from '../../store/catalog.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type { CacheSurvey, SurveyedImage } from './cacheSurvey.ts';
import { closureOf, manifestsIn, type ContentNode } from './contentNode.ts';
import { HeldPlatforms } from './heldPlatforms.ts';
import type { ImageSummary } from './imageSummary.ts';
import { isoTime } from './isoTime.ts';
import { TagState } from './tagState.ts';

/** Says of images what `ls` shows, by one look at the cache. */
export class Summaries {
  readonly #survey: CacheSurvey;
  readonly #blobs: BlobStore;
  readonly #platforms: HeldPlatforms;
  readonly #tags: TagState;

  /** `now`: milliseconds since the epoch. */
  constructor(
    survey: CacheSurvey,
    blobs: BlobStore,
    upstreams: MirroredUpstreams,
    now: () => number,
  ) {
    this.#survey = survey;
    this.#blobs = blobs;
    this.#platforms = new HeldPlatforms(blobs);
    this.#tags = new TagState(upstreams, now);
  }

  /** Nothing tells what an image consists of whose manifest is not held: it has no bytes. */
  async of(image: SurveyedImage): Promise<ImageSummary> {
    const { name, repository, tag, digest, entry } = image;
    const node = this.#survey.nodes.of(digest);
    const wholeness = this.#survey.wholeness(repository);
    return {
      name,
      repository: repositoryKey(repository),
      tag: tag ?? null,
      digest,
      platforms: await this.#platforms.of(node, wholeness),
      complete: wholeness.isWhole(node),
      ...this.#sizes(node, image),
      lastUsedAt: isoTime(this.#lastUse(node)),
      checkedAt: isoTime(entry?.checkedAt),
      freshness: this.#tags.of(image) ?? null,
      pinned: this.#blobs.isPinned(digest),
    };
  }

  #sizes(node: ContentNode, image: SurveyedImage): { size: number; sharedSize: number } {
    const total = { size: 0, sharedSize: 0 };
    const own = image.counts ? 1 : 0;
    for (const part of closureOf(node)) {
      const { size = 0 } = part;
      total.size += size;
      if (this.#survey.imagesWith(part) > own) total.sharedSize += size;
    }
    return total;
  }

  /** Clients ask for an index, and then by digest for the image in it: either may be the later one. */
  #lastUse(node: ContentNode): number | undefined {
    const times = [node, ...manifestsIn(node)].flatMap(
      ({ digest }) => this.#blobs.describe(digest)?.usedAt ?? [],
    );
    return times.length === 0 ? undefined : times.reduce((one, other) => Math.max(one, other));
  }
}
