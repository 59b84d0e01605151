import type { Descriptor } from '../../registry/descriptor.ts';
import type { Index, Manifest } from '../../registry/manifest.ts';
import { mediaTypes } from '../../registry/mediaType.ts';
import { platformText } from '../../registry/platform.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type { CacheSurvey, SurveyedImage } from './cacheSurvey.ts';
import { HeldPlatforms } from './heldPlatforms.ts';
import type { ContentDetail, ImageDetail, PlatformDetail } from './imageDetail.ts';
import { ImageGraph } from '../imageGraph.ts';
import type { ImageSummary } from './imageSummary.ts';
import { isoTime } from './isoTime.ts';
import { Turns } from '../turns.ts';
import type { Wholeness } from './wholeness.ts';

/** Says of an image what `inspect` shows. */
export class ImageDetails {
  readonly #survey: CacheSurvey;
  readonly #blobs: BlobStore;
  readonly #graph: ImageGraph;
  readonly #platforms: HeldPlatforms;

  constructor(survey: CacheSurvey, blobs: BlobStore) {
    this.#survey = survey;
    this.#blobs = blobs;
    this.#graph = new ImageGraph(blobs);
    this.#platforms = new HeldPlatforms(blobs);
  }

  /** `summary`: what is said of it already. */
  async of(image: SurveyedImage, summary: ImageSummary): Promise<ImageDetail> {
    const { digest, entry } = image;
    const held = this.#blobs.describe(digest);
    const mediaType = held?.mediaType ?? entry?.mediaType;
    const claimed = {
      digest,
      mediaType: mediaType ?? mediaTypes.octetStream,
      size: entry?.size ?? 0,
    };
    const wholeness = this.#survey.wholeness(image.repository);
    const manifest = await this.#graph.manifest(digest);
    return {
      ...summary,
      mediaType: mediaType ?? null,
      manifest: this.#content(claimed),
      images: await this.#images(claimed, manifest, wholeness),
      earlier: entry?.earlier
        ? {
            digest: entry.earlier.digest,
            checkedAt: new Date(entry.earlier.checkedAt).toISOString(),
          }
        : null,
    };
  }

  async #images(
    claimed: Descriptor,
    manifest: Manifest | undefined,
    wholeness: Wholeness,
  ): Promise<readonly PlatformDetail[]> {
    if (manifest?.kind === 'index') return this.#imagesIn(manifest, wholeness);
    return manifest?.kind === 'image' ? [await this.#image(claimed, manifest, wholeness)] : [];
  }

  async #imagesIn(index: Index, wholeness: Wholeness): Promise<readonly PlatformDetail[]> {
    const turns = new Turns();
    const images: PlatformDetail[] = [];
    for (const child of index.manifests) {
      await turns.next();
      images.push(await this.#image(child, await this.#graph.manifest(child.digest), wholeness));
    }
    return images;
  }

  async #image(
    descriptor: Descriptor,
    manifest: Manifest | undefined,
    wholeness: Wholeness,
  ): Promise<PlatformDetail> {
    const { digest, platform } = descriptor;
    const content = this.#survey.nodes.of(digest);
    const { config, layers } =
      manifest?.kind === 'image' ? manifest : { config: undefined, layers: [] };
    const stated = platform && platformText(platform);
    return {
      platform: (await this.#platforms.ofImage({ content, platform: stated })) ?? null,
      manifest: this.#content(descriptor),
      config: config === undefined ? null : this.#content(config),
      layers: layers.map((layer) => this.#content(layer)),
      complete: wholeness.isWhole(content),
    };
  }

  #content({ digest, mediaType, size }: Descriptor): ContentDetail {
    const held = this.#blobs.describe(digest);
    return {
      digest,
      mediaType,
      size: held?.size ?? size,
      held: held !== undefined,
      storedAt: isoTime(held?.storedAt),
      lastUsedAt: isoTime(held?.usedAt),
    };
  }
}
