import { RegistryError } from '../registry/errors.ts';
import { parseTag } from '../registry/reference.ts';
import { repositoryKey } from '../store/catalog.ts';
import type { TagPage } from '../upstream/upstream.ts';
import type { Absences, Sought } from './absences.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { CacheOutcome } from './mirrorObserver.ts';
import type { Memberships } from './memberships.ts';
import type { ShortLivedCache } from './shortLivedCache.ts';

/** A page of tags and how it was come by. */
export interface TagListAnswer {
  readonly page: TagPage;
  readonly outcome: CacheOutcome;
}

/** Tag lists, page by page as the upstream cuts them: quay.io's pages have opaque addresses. */
export class TagLists {
  readonly #cache: ShortLivedCache<TagPage>;
  readonly #memberships: Memberships;
  readonly #absences: Absences;

  constructor(cache: ShortLivedCache<TagPage>, memberships: Memberships, absences: Absences) {
    this.#cache = cache;
    this.#memberships = memberships;
    this.#absences = absences;
  }

  /**
   * Gets a page; `query` is what the client sent, or what the page before named, without `?`.
   * @throws {RegistryError} when there is no such repository, or the upstream fails and nothing is kept
   */
  async get(repository: MirroredRepository, query: string): Promise<TagListAnswer> {
    // What was listed before the repository was said to be gone is not found any more.
    const generation = await this.#memberships.generation(repository);
    const key = `${repositoryKey(repository)}#${generation}?${query}`;
    const { value, outcome } = await this.#cache.get(key, repository, async () => {
      const page = await this.#fetch(repository, query);
      return { value: page, size: page.tags.join().length + (page.next?.length ?? 0) };
    });
    return { page: value, outcome };
  }

  async #fetch(repository: MirroredRepository, query: string): Promise<TagPage> {
    const { upstream, name } = repository;
    this.#absences.refuse(repository);
    try {
      const page = await upstream.listTags(name, query);
      if (page !== undefined) {
        this.#absences.drop(repository, tagsOn(page));
        return page;
      }
    } catch (error) {
      this.#absences.note(repository, error);
      await this.#memberships.heed(repository, error);
      throw error;
    }
    throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  }
}

function tagsOn({ tags }: TagPage): Sought[] {
  return tags.flatMap((text) => {
    const tag = parseTag(text);
    return tag === undefined ? [] : [{ kind: 'tag', tag }];
  });
}
