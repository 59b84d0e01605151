import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { Tag } from '../registry/reference.ts';
import { tagKey, type Catalog, type EarlierTag, type TagEntry } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { Absences } from './absences.ts';
import { clientErrorFor, offlineError, unconfirmedError } from './clientError.ts';
import type { Completeness } from './completeness.ts';
import { unlessRefused } from './diskRefusal.ts';
import type { ManifestFetcher } from './manifestFetcher.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import { freshnessOf } from './tagFreshness.ts';
import { TagLifetime } from './tagLifetime.ts';

/** What a tag stands for, and how that was found out. */
export interface ResolvedTag {
  readonly entry: TagEntry;
  /**
   * `known`: nothing was asked. `asked`: the upstream said so just now. `fetched`: only the manifest itself
   * could tell, and it is a new one. `stale`: the upstream failed to answer.
   */
  readonly source: 'known' | 'asked' | 'fetched' | 'stale';
  /** What it stood for before, where that may still be served while the image can't be had. */
  readonly earlier?: EarlierTag;
}

/** The parts of the mirror that a {@link TagResolver} is made of. */
export interface TagResolverParts {
  readonly catalog: Catalog;
  readonly memberships: Memberships;
  readonly absences: Absences;
  readonly fetcher: ManifestFetcher;
  readonly completeness: Completeness;
  readonly offline: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Finds out what tags stand for: from the catalog while fresh, else by one HEAD however many ask. */
export class TagResolver {
  readonly #parts: TagResolverParts;
  readonly #checks = new SingleFlight<string, ResolvedTag>();

  constructor(parts: TagResolverParts) {
    this.#parts = parts;
  }

  /**
   * Resolves a tag.
   * @throws {RegistryError} when there is no such tag, or the upstream fails and no answer is left
   */
  async resolve(repository: MirroredRepository, tag: Tag): Promise<ResolvedTag> {
    const { absences, offline } = this.#parts;
    const key = tagKey(repository, tag);
    const lifetime = this.#lifetimeOf(repository, tag);
    const known = await this.#known(repository, key);
    if (offline) {
      if (known === undefined) throw offlineError(repository.host);
      return this.#resolved(lifetime, known, 'known');
    }
    if (known !== undefined) {
      if (lifetime.isFresh(known)) return this.#resolved(lifetime, known, 'known');
      if (await this.#pauses(known, repository, lifetime)) {
        return this.#resolved(lifetime, known, 'stale');
      }
    }
    if (repository.audience === 'unconfirmed') {
      if (known === undefined || !lifetime.isUsable(known)) throw unconfirmedError(repository.host);
      return this.#resolved(lifetime, known, 'stale');
    }
    absences.refuse(repository, { kind: 'tag', tag });
    return this.#checks.run(key, () => this.#check(repository, tag, lifetime)).promise;
  }

  /**
   * What a tag stands for, where {@link resolve} would ask nothing to say so and the answer is in memory. Not
   * while there is something to fall back to, which takes a look at both.
   */
  recall(repository: MirroredRepository, tag: Tag): TagEntry | undefined {
    const known = this.#parts.catalog.tags.recall(tagKey(repository, tag));
    if (known === undefined || known === null || known.earlier !== undefined) return undefined;
    if (!this.#parts.offline && !this.#lifetimeOf(repository, tag).isFresh(known)) return undefined;
    return this.#parts.memberships.recall(repository, known.digest) ? known : undefined;
  }

  /** What was said of a repository counts no more once it was said to be gone. */
  async #known(repository: MirroredRepository, key: string): Promise<TagEntry | undefined> {
    const { catalog, memberships } = this.#parts;
    const entry = await catalog.tags.get(key);
    if (entry === undefined) return undefined;
    return (await memberships.has(repository, entry.digest)) ? entry : undefined;
  }

  #lifetimeOf({ policy, name }: MirroredRepository, tag: Tag): TagLifetime {
    return new TagLifetime(freshnessOf(policy, name, tag), policy.staleIfError, this.#parts.now);
  }

  /**
   * Whether the tag is not asked for again yet. What is not all here could not be served meanwhile: there it
   * is the circuit of the upstream that keeps the questions short.
   */
  async #pauses(
    known: TagEntry,
    repository: MirroredRepository,
    lifetime: TagLifetime,
  ): Promise<boolean> {
    if (!lifetime.failedJustNow(known)) return false;
    return this.#parts.completeness.isComplete(repository, known.digest);
  }

  /** An earlier image is no answer for longer than a stale one would be; offline, nothing grows stale. */
  #resolved(lifetime: TagLifetime, entry: TagEntry, source: ResolvedTag['source']): ResolvedTag {
    const { earlier } = entry;
    if (earlier === undefined) return { entry, source };
    const usable = this.#parts.offline || lifetime.isUsable(earlier);
    return usable ? { entry, source, earlier } : { entry, source };
  }

  async #check(
    repository: MirroredRepository,
    tag: Tag,
    lifetime: TagLifetime,
  ): Promise<ResolvedTag> {
    const { absences, catalog, memberships } = this.#parts;
    const key = tagKey(repository, tag);
    const known = await this.#known(repository, key);
    // Another check may have ended between this one's look at the catalog and its turn.
    if (known !== undefined && lifetime.isFresh(known)) {
      return this.#resolved(lifetime, known, 'known');
    }
    try {
      const generation = await memberships.generation(repository);
      const { answer, fetched } = await this.#ask(repository, tag);
      const { digest } = answer;
      absences.drop(repository, [
        { kind: 'tag', tag },
        { kind: 'digest', digest },
      ]);
      const isNew = fetched && digest !== known?.digest;
      await memberships.confirm(repository, digest, generation);
      const earlier = await this.#earlier(repository, digest, known);
      const entry = earlier === undefined ? answer : { ...answer, earlier };
      await unlessRefused(catalog.tags.set(key, entry));
      return this.#resolved(lifetime, entry, isNew ? 'fetched' : 'asked');
    } catch (error) {
      if (error instanceof RegistryError) await this.#forget(repository, tag, error);
      if (!(error instanceof UpstreamError)) throw error;
      if (known === undefined || !lifetime.isUsable(known)) throw clientErrorFor(error);
      // Our own want of a connection is over sooner than a pause.
      if (error.failure === 'busy') return this.#resolved(lifetime, known, 'stale');
      const entry = { ...known, failedAt: this.#parts.now() };
      await unlessRefused(catalog.tags.set(key, entry));
      return this.#resolved(lifetime, entry, 'stale');
    }
  }

  /** What to fall back to while the image that a tag was found to stand for is not all here. */
  async #earlier(
    repository: MirroredRepository,
    digest: Digest,
    known: TagEntry | undefined,
  ): Promise<EarlierTag | undefined> {
    const { completeness } = this.#parts;
    const former = [known, known?.earlier].flatMap((one) =>
      one === undefined || one.digest === digest ? [] : [one],
    );
    const [last] = former;
    if (last === undefined) return undefined;
    if (await completeness.isComplete(repository, digest)) return undefined;
    for (const one of former) {
      // What the tag stood for between two checks may never have been pulled.
      if (await completeness.isComplete(repository, one.digest)) return earlierOf(one);
    }
    return earlierOf(last);
  }

  /** What the upstream says is gone is gone here: it may have been withdrawn, or made private. */
  async #forget(repository: MirroredRepository, tag: Tag, error: RegistryError): Promise<void> {
    const { absences, catalog, memberships } = this.#parts;
    absences.note(repository, error, { kind: 'tag', tag });
    await memberships.heed(repository, error);
    await unlessRefused(catalog.tags.delete(tagKey(repository, tag)));
  }

  async #ask(
    repository: MirroredRepository,
    tag: Tag,
  ): Promise<{ answer: TagEntry; fetched: boolean }> {
    const reference = { kind: 'tag', tag } as const;
    const head = await repository.upstream.headManifest(repository.name, reference);
    if (head === undefined) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { tag } });
    const { digest, mediaType, size } = head;
    const checkedAt = this.#parts.now();
    if (digest !== undefined) {
      const answer = { digest, mediaType, ...(size === undefined ? {} : { size }), checkedAt };
      return { answer, fetched: false };
    }
    // registry.redhat.io may leave the digest out: then only the bytes can tell.
    const manifest = await this.#parts.fetcher.fetch(repository, reference).promise;
    const { bytes, ...described } = manifest;
    return { answer: { ...described, size: bytes.length, checkedAt }, fetched: true };
  }
}

function earlierOf({ digest, checkedAt }: EarlierTag): EarlierTag {
  return { digest, checkedAt };
}
