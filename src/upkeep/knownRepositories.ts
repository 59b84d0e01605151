import type { Digest } from '../registry/digest.ts';
import type { Tag } from '../registry/reference.ts';
import type { Catalog, Repository, TagEntry } from '../store/catalog.ts';
import { repositoryOfKey, splitMembershipKey, splitTagKey } from '../store/catalogKeys.ts';

/** What the catalog has of one repository, as far as it still counts. */
export interface KnownRepository {
  readonly repository: Repository;
  readonly tags: ReadonlyMap<Tag, TagEntry>;
  /** What may be served under it: all that is of use, and what its tags stand for in any case. */
  readonly members: ReadonlySet<Digest>;
}

/** One that is being read. */
interface Draft extends KnownRepository {
  readonly tags: Map<Tag, TagEntry>;
  readonly members: Set<Digest>;
}

/**
 * All repositories of a catalog at one look, with their tags and members. What was seen before an upstream
 * said that a repository is private or gone is left out. Each digest is in memory once, however many
 * repositories have it. Others get their turn between the pages of the catalog.
 */
export class KnownRepositories {
  readonly #catalog: Catalog;
  readonly #isOfUse: (digest: Digest) => boolean;
  readonly #generations = new Map<string, number>();
  readonly #drafts = new Map<string, Draft>();
  readonly #digests = new Map<Digest, Digest>();

  private constructor(catalog: Catalog, isOfUse: (digest: Digest) => boolean) {
    this.#catalog = catalog;
    this.#isOfUse = isOfUse;
  }

  /** `isOfUse`: which members are worth having in memory. By the catalog's keys of the repositories. */
  static async read(
    catalog: Catalog,
    isOfUse: (digest: Digest) => boolean,
  ): Promise<ReadonlyMap<string, KnownRepository>> {
    const reading = new KnownRepositories(catalog, isOfUse);
    await reading.#readGenerations();
    await reading.#readTags();
    await reading.#readMembers();
    reading.#dropFormerTags();
    return reading.#drafts;
  }

  async #readGenerations(): Promise<void> {
    for await (const page of this.#catalog.repositories.pages()) {
      for (const [key, { generation }] of page) {
        if (generation !== undefined) this.#generations.set(key, generation);
      }
    }
  }

  async #readTags(): Promise<void> {
    for await (const page of this.#catalog.tags.pages()) {
      for (const [key, entry] of page) {
        const { repository, tag } = splitTagKey(key) ?? {};
        if (repository === undefined || tag === undefined) continue;
        const digest = this.#shared(entry.digest);
        this.#draft(repository)?.tags.set(tag, { ...entry, digest });
      }
    }
  }

  async #readMembers(): Promise<void> {
    const tagged = new Set(this.#digests.keys());
    for await (const page of this.#catalog.memberships.pages()) {
      for (const [key, { generation }] of page) {
        const { repository, digest } = splitMembershipKey(key) ?? {};
        if (repository === undefined || digest === undefined) continue;
        if (generation !== (this.#generations.get(repository) ?? 0)) continue;
        if (!tagged.has(digest) && !this.#isOfUse(digest)) continue;
        this.#draft(repository)?.members.add(this.#shared(digest));
      }
    }
  }

  /** What a tag stands for became a member when the tag was noted, so that this tells its generation. */
  #dropFormerTags(): void {
    for (const [key, { tags, members }] of this.#drafts) {
      for (const [tag, { digest }] of tags) if (!members.has(digest)) tags.delete(tag);
      if (members.size === 0) this.#drafts.delete(key);
    }
  }

  #shared(digest: Digest): Digest {
    const known = this.#digests.get(digest);
    if (known !== undefined) return known;
    this.#digests.set(digest, digest);
    return digest;
  }

  #draft(key: string): Draft | undefined {
    const known = this.#drafts.get(key);
    if (known !== undefined) return known;
    const repository = repositoryOfKey(key);
    if (repository === undefined) return undefined;
    const draft = { repository, tags: new Map<Tag, TagEntry>(), members: new Set<Digest>() };
    this.#drafts.set(key, draft);
    return draft;
  }
}
