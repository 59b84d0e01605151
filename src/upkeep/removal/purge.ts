import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '../../registry/digest.ts';
import type { CatalogTable } from '../../store/catalogTable.ts';
import type { Share } from '../../store/share.ts';
import type { Store } from '../../store/store.ts';
import { heldSize } from '../heldSize.ts';
import type { ImageGraph } from '../imageGraph.ts';
import type { ImageSelector } from '../imageSelector.ts';
import { pagesOf } from '../pages.ts';
import { PurgePattern } from './purgePattern.ts';
import { PurgePlan } from './purgePlan.ts';
import type { Removal } from './removal.ts';

/** What {@link Purge} works with. */
export interface PurgeParts {
  readonly store: Pick<Store, 'blobs' | 'catalog'>;
  readonly graph: ImageGraph;
  readonly selector: ImageSelector;
}

/** Removes images on purpose; the next pull of one brings it back. */
export class Purge {
  readonly #parts: PurgeParts;

  constructor(parts: PurgeParts) {
    this.#parts = parts;
  }

  /**
   * Removes the images that are like one of the patterns (`ImageSelector.pattern`), and of what they consist
   * of all that no other image needs. A pattern with neither tag nor digest is for everything that its
   * repositories have. With `dryRun` it only says what it would remove.
   * @throws {UpkeepError} `invalid`, for what is no pattern
   */
  async purge(patterns: readonly string[], dryRun: boolean): Promise<Removal> {
    const { graph, selector, store } = this.#parts;
    const { blobs, catalog } = store;
    const wanted = patterns.map((text) => new PurgePattern(text, selector.pattern(text)));
    const plan = await PurgePlan.make({ blobs, catalog, graph, patterns: wanted });
    const { bytes: keptBytes } = await heldSize(blobs, plan.kept);
    const { count, bytes } = dryRun
      ? await heldSize(blobs, plan.contents)
      : await this.#remove(plan);
    const unmatched = wanted.flatMap(({ matched, text }) => (matched ? [] : [text]));
    return { dryRun, images: plan.images, unmatched, blobs: count, bytes, keptBytes };
  }

  /**
   * First the tags, then what says that repositories have the contents, then these: killed in between, a
   * process leaves images without names and blobs without repositories, never a name for nothing.
   */
  async #remove(plan: PurgePlan): Promise<Share> {
    const { blobs, catalog } = this.#parts.store;
    for (const [key, digest] of plan.earlier) await this.#dropEarlier(key, digest);
    await deletePages(catalog.tags, plan.tags);
    await deletePages(catalog.memberships, plan.memberships);
    return blobs.remove(plan.contents, 'purge');
  }

  async #dropEarlier(key: string, digest: Digest): Promise<void> {
    const { tags } = this.#parts.store.catalog;
    const entry = await tags.get(key);
    if (entry?.earlier?.digest !== digest) return;
    const { earlier: _, ...staying } = entry;
    await tags.set(key, staying);
  }
}

async function deletePages(
  table: Pick<CatalogTable<object>, 'deleteMany'>,
  keys: Iterable<string>,
): Promise<void> {
  for (const page of pagesOf(keys)) {
    await table.deleteMany(page);
    await nextTurn();
  }
}
