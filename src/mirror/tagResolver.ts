import { RegistryError } from '../registry/errors.ts';
import type { Tag } from '../registry/reference.ts';
import { tagKey, type Catalog, type TagEntry } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import { clientErrorFor, offlineError } from './clientError.ts';
import { ifRoom } from './diskFull.ts';
import type { ManifestFetcher } from './manifestFetcher.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import { isRecent, pauseAfterFailure } from './recency.ts';

/** What a tag stands for, and how that was found out. */
export interface ResolvedTag {
  readonly entry: TagEntry;
  /** `known`: nothing was asked. `asked`: the upstream said so just now. `stale`: it failed to. */
  readonly source: 'known' | 'asked' | 'stale';
}

/** Finds out what tags stand for: from the catalog while fresh, else by one HEAD however many ask. */
export class TagResolver {
  readonly #catalog: Catalog;
  readonly #memberships: Memberships;
  readonly #fetcher: ManifestFetcher;
  readonly #offline: boolean;
  readonly #now: () => number;
  readonly #checks = new SingleFlight<string, ResolvedTag>();

  /** `now`: milliseconds since the epoch. */
  constructor(
    catalog: Catalog,
    memberships: Memberships,
    fetcher: ManifestFetcher,
    offline: boolean,
    now: () => number,
  ) {
    this.#catalog = catalog;
    this.#memberships = memberships;
    this.#fetcher = fetcher;
    this.#offline = offline;
    this.#now = now;
  }

  /**
   * Resolves a tag.
   * @throws {RegistryError} when there is no such tag, or the upstream fails and no answer is left
   */
  async resolve(repository: MirroredRepository, tag: Tag): Promise<ResolvedTag> {
    const key = tagKey(repository, tag);
    const known = await this.#known(repository, key);
    if (this.#offline) {
      if (known === undefined) throw offlineError(repository.host);
      return { entry: known, source: 'known' };
    }
    if (known !== undefined) {
      if (this.#isFresh(known, repository)) return { entry: known, source: 'known' };
      if (this.#failedJustNow(known, repository)) return { entry: known, source: 'stale' };
    }
    return this.#checks.run(key, () => this.#check(repository, tag, known)).promise;
  }

  /** What was said of a repository counts no more once it was said to be gone. */
  async #known(repository: MirroredRepository, key: string): Promise<TagEntry | undefined> {
    const entry = await this.#catalog.tags.get(key);
    if (entry === undefined) return undefined;
    return (await this.#memberships.has(repository, entry.digest)) ? entry : undefined;
  }

  #isFresh({ checkedAt }: TagEntry, { policy }: MirroredRepository): boolean {
    return isRecent(checkedAt, policy.tagFreshness, this.#now());
  }

  #isUsable({ checkedAt }: TagEntry, { policy }: MirroredRepository): boolean {
    return this.#now() - checkedAt <= policy.tagFreshness + policy.staleIfError;
  }

  #failedJustNow(entry: TagEntry, repository: MirroredRepository): boolean {
    const failed = isRecent(entry.failedAt, pauseAfterFailure, this.#now());
    return failed && this.#isUsable(entry, repository);
  }

  async #check(
    repository: MirroredRepository,
    tag: Tag,
    known: TagEntry | undefined,
  ): Promise<ResolvedTag> {
    try {
      const generation = await this.#memberships.generation(repository);
      const entry = await this.#ask(repository, tag);
      await this.#memberships.confirm(repository, entry.digest, generation);
      await ifRoom(this.#catalog.tags.set(tagKey(repository, tag), entry));
      return { entry, source: 'asked' };
    } catch (error) {
      if (error instanceof RegistryError) await this.#forget(repository, tag, error);
      if (!(error instanceof UpstreamError)) throw error;
      if (known === undefined || !this.#isUsable(known, repository)) throw clientErrorFor(error);
      const entry = { ...known, failedAt: this.#now() };
      await ifRoom(this.#catalog.tags.set(tagKey(repository, tag), entry));
      return { entry, source: 'stale' };
    }
  }

  /** What the upstream says is gone is gone here: it may have been withdrawn, or made private. */
  async #forget(repository: MirroredRepository, tag: Tag, error: RegistryError): Promise<void> {
    await this.#memberships.heed(repository, error);
    await ifRoom(this.#catalog.tags.delete(tagKey(repository, tag)));
  }

  async #ask(repository: MirroredRepository, tag: Tag): Promise<TagEntry> {
    const reference = { kind: 'tag', tag } as const;
    const head = await repository.upstream.headManifest(repository.name, reference);
    if (head === undefined) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { tag } });
    const { digest, mediaType, size } = head;
    const checkedAt = this.#now();
    if (digest !== undefined) {
      return { digest, mediaType, ...(size === undefined ? {} : { size }), checkedAt };
    }
    // registry.redhat.io may leave the digest out: then only the bytes can tell.
    const manifest = await this.#fetcher.fetch(repository, reference).promise;
    return {
      digest: manifest.digest,
      mediaType: manifest.mediaType,
      size: manifest.bytes.length,
      checkedAt,
    };
  }
}
