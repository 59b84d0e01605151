import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MirroredUpstreams } from '../../mirror/mirroredUpstream.ts';
import type { Digest } from '../../registry/digest.ts';
import type { RepositoryEntry } from '../../store/catalog.ts';
import { removalBatch } from '../../store/blobRemovals.ts';
import type { CatalogTable } from '../../store/catalogTable.ts';
import { addShares, noShare, type Share } from '../../store/share.ts';
import type { Store } from '../../store/store.ts';
import type { Arrivals } from '../arrivals.ts';
import { CatalogSurvey } from './catalogSurvey.ts';
import { EntryCheck } from './entryCheck.ts';
import { Expiry } from './expiry.ts';
import { heldSize } from '../heldSize.ts';
import type { ImageGraph } from '../imageGraph.ts';
import { pagesOf } from '../pages.ts';
import type { Collection } from './removal.ts';

/** What {@link Garbage} works with. */
export interface GarbageParts {
  readonly store: Pick<Store, 'blobs' | 'catalog'>;
  readonly graph: ImageGraph;
  readonly upstreams: MirroredUpstreams;
  readonly arrivals: Pick<Arrivals, 'isArriving'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Removes what nobody can get any more: entries of the catalog that have expired, blobs that no repository
 * has, files that no entry is for. Pulls go on meanwhile: each thing is looked at again right before it goes,
 * and what a pull needs all the same is a miss that refills.
 */
export class Garbage {
  readonly #parts: GarbageParts;
  readonly #expiry: Expiry;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: GarbageParts) {
    this.#parts = parts;
    this.#expiry = new Expiry(parts.store.blobs, parts.upstreams, parts.now);
  }

  /** Does it once, after what was asked for before has ended; with `dryRun` only says what it would remove. */
  collect(dryRun: boolean): Promise<Collection> {
    const collection = this.#last.then(() => this.#collect(dryRun));
    this.#last = collection.catch(() => undefined);
    return collection;
  }

  /**
   * In an order that leaves nothing wrong where the process is killed: a repository goes after its former
   * memberships, which would count again without its generation.
   */
  async #collect(dryRun: boolean): Promise<Collection> {
    const { graph, store } = this.#parts;
    const { blobs, catalog } = store;
    const survey = await CatalogSurvey.take({ catalog, blobs, graph, expiry: this.#expiry });
    const entries = await this.#removeEntries(survey, dryRun);
    const removed = await this.#collectBlobs(survey, dryRun);
    const { unreferenced, temporary, quarantined, missing } = await blobs.sweep(dryRun);
    const all = addShares(removed, unreferenced);
    return { dryRun, unreferenced: all, temporary, quarantined, missing, entries };
  }

  async #removeEntries(survey: CatalogSurvey, dryRun: boolean): Promise<Collection['entries']> {
    const { catalog } = this.#parts.store;
    const check = new EntryCheck(catalog, this.#expiry);
    const remove = dryRun ? countAll : removePages;
    const tags = await remove(catalog.tags, survey.tags, (key) => check.isExpiredTag(key));
    const memberships = await remove(catalog.memberships, survey.memberships, (key) =>
      check.isExpiredMembership(key),
    );
    // What counts again may be of a repository that seemed to have nothing left.
    const sure = memberships === survey.memberships.length;
    const expired = sure ? await this.#expiredRepositories(survey, dryRun) : [];
    const repositories = await remove(catalog.repositories, expired, (key) =>
      check.isExpiredRepository(key),
    );
    return { tags, memberships, repositories };
  }

  async #expiredRepositories(survey: CatalogSurvey, dryRun: boolean): Promise<string[]> {
    const expired: string[] = [];
    for (const [key, entry] of survey.emptyRepositories()) {
      if (this.#expiry.ofRepository(entry)) expired.push(key);
      else if (!dryRun) await this.#dateForgetting(key, entry);
    }
    return expired;
  }

  /** Entries of earlier versions don't say when the repository was forgotten: now at the latest. */
  async #dateForgetting(key: string, { generation, forgottenAt }: RepositoryEntry): Promise<void> {
    if (generation === undefined || forgottenAt !== undefined) return;
    await this.#parts.store.catalog.repositories.update(key, (known) => ({
      forgottenAt: this.#parts.now(),
      ...known,
    }));
  }

  async #collectBlobs(survey: CatalogSurvey, dryRun: boolean): Promise<Share> {
    const { blobs } = this.#parts.store;
    let all = noShare;
    // No more than are removed together, or the last would be looked at long before they go.
    for (const page of pagesOf(survey.unreferenced, removalBatch)) {
      // What was used since may belong to a repository again.
      const idle = page.filter((digest) => this.#isIdle(digest));
      const some = dryRun ? await heldSize(blobs, idle) : await blobs.remove(idle, 'unreferenced');
      all = addShares(all, some);
      await nextTurn();
    }
    return all;
  }

  #isIdle(digest: Digest): boolean {
    const { arrivals, store } = this.#parts;
    if (store.blobs.isPinned(digest) || arrivals.isArriving(digest)) return false;
    const entry = store.blobs.describe(digest);
    return entry !== undefined && this.#expiry.ofBlob(entry);
  }
}

/** Removes the entries that have expired still, and says how many they were. */
async function removePages(
  table: Pick<CatalogTable<object>, 'deleteMany'>,
  keys: readonly string[],
  isExpired: (key: string) => Promise<boolean>,
): Promise<number> {
  let removed = 0;
  for (const some of pagesOf(keys)) {
    const verdicts = await Promise.all(some.map(isExpired));
    const expired = some.filter((_, index) => verdicts[index]);
    await table.deleteMany(expired);
    removed += expired.length;
    await nextTurn();
  }
  return removed;
}

async function countAll(_table: unknown, keys: readonly string[]): Promise<number> {
  return keys.length;
}
