import type { MirroredUpstreams } from '../../mirror/mirroredUpstream.ts';
import { matchesImage } from '../../registry/imagePattern.ts';
import type { Reference } from '../../registry/reference.ts';
import type { Repository } from '../../store/catalog.ts';
import type { Store } from '../../store/store.ts';
import { CacheSurvey } from './cacheSurvey.ts';
import type { ImageDetail } from './imageDetail.ts';
import { ImageDetails } from './imageDetails.ts';
import { ImageSelector } from '../imageSelector.ts';
import type { ImageSummary } from './imageSummary.ts';
import { Summaries } from './summaries.ts';
import { Turns } from '../turns.ts';
import { UpkeepError } from '../upkeepError.ts';
import { wholeName } from '../wholeName.ts';

/** What an {@link Inventory} is made of. */
export interface InventoryParts {
  readonly store: Pick<Store, 'blobs' | 'catalog'>;
  readonly upstreams: MirroredUpstreams;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

// Images that are described at a time: for many of them a config has to be read.
const atOnce = 32;

/** What images a cache holds. To look at them counts as no use of them. */
export class Inventory {
  readonly #parts: InventoryParts;
  readonly #selector: ImageSelector;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
    this.#selector = new ImageSelector(parts.upstreams);
  }

  /**
   * The images that are like the pattern, or all of them, by name; without tags that something is still known
   * of while nothing of what they stand for is held. All manifests are read in any case, to know what images
   * share.
   * @throws {UpkeepError} `invalid`, when it is no pattern
   */
  async *images(pattern: string | undefined): AsyncGenerator<ImageSummary, void> {
    const selected = pattern === undefined ? undefined : this.#selector.pattern(pattern);
    const survey = await CacheSurvey.take(this.#parts.store);
    const summaries = this.#summaries(survey);
    const turns = new Turns();
    let some: Promise<ImageSummary>[] = [];
    for (const image of survey.images) {
      await turns.next();
      if (selected !== undefined && !matchesImage(selected, image)) continue;
      some.push(summaries.of(image));
      if (some.length < atOnce) continue;
      yield* await heldOnes(some);
      some = [];
    }
    yield* await heldOnes(some);
  }

  /**
   * All that is known of an image, be it one of an index.
   * @throws {UpkeepError} `invalid`, when it is no name; `not_found`
   */
  async image(name: string): Promise<ImageDetail> {
    const selected = this.#selector.held(name);
    const { store } = this.#parts;
    const survey = await CacheSurvey.take(store);
    const image = survey.find(selected);
    if (image === undefined) throw notFound(selected.repository, selected.reference);
    const summary = await this.#summaries(survey).of(image);
    return new ImageDetails(survey, store.blobs).of(image, summary);
  }

  #summaries(survey: CacheSurvey): Summaries {
    const { store, upstreams, now } = this.#parts;
    return new Summaries(survey, store.blobs, upstreams, now);
  }
}

async function heldOnes(images: readonly Promise<ImageSummary>[]): Promise<ImageSummary[]> {
  return (await Promise.all(images)).filter(({ size }) => size > 0);
}

function notFound(repository: Repository, reference: Reference): UpkeepError {
  const name = wholeName(repository, reference);
  return new UpkeepError(
    'not_found',
    `${name} is not in the cache: "pullthrough ls" shows what is, "pullthrough warm ${name}" fetches it`,
  );
}
