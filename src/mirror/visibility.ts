import { LRUCache } from 'lru-cache';
import { RegistryError } from '../registry/errors.ts';
import { isImage, isIndex } from '../registry/mediaType.ts';
import type { Tag } from '../registry/reference.ts';
import { repositoryKey, type Catalog, type RepositoryEntry } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { ManifestHead, Upstream } from '../upstream/upstream.ts';
import { askedFor } from './askedFor.ts';
import { clientErrorFor, isRepositoryGone } from './clientError.ts';
import { unlessRefused } from './diskRefusal.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { Namespace, Namespaces } from './namespaces.ts';
import { isRecent, pauseAfterFailure } from './recency.ts';

/** A repository that is not for who asks; from outside it looks like one that does not exist. */
export class PrivateRepositoryError extends RegistryError {
  /** `reason` says to the operator why, and which setting would change it. */
  constructor(name: string, reason: string) {
    super('NAME_UNKNOWN', { detail: { name }, cause: new Error(reason) });
    this.name = 'PrivateRepositoryError';
  }
}

/** What it takes to tell what is public. */
export interface VisibilityOptions {
  readonly catalog: Catalog;
  readonly namespaces: Namespaces;
  /** Never ask an upstream. */
  readonly offline: boolean;
  /** Milliseconds for which it is remembered that a repository is public; an hour if not said. */
  readonly freshness?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What is known of a repository. `unconfirmed`: it was public, and now nobody can say. */
type Verdict = 'public' | 'private' | 'unconfirmed';

const defaultFreshness = 3_600_000;
// One that becomes public is found out sooner.
const privateFor = 60_000;
const rememberedFailures = 1000;
// It need not exist.
const anyTag = 'latest' as Tag;

/**
 * Keeps the account's private repositories from those who merely can reach the mirror. What an
 * anonymous client would not be served upstream is private, unless the operator says otherwise, and looks as if
 * it did not exist.
 */
export class Visibility {
  readonly namespaces: Namespaces;
  readonly #catalog: Catalog;
  readonly #offline: boolean;
  readonly #publicFor: number;
  readonly #now: () => number;
  readonly #checks = new SingleFlight<string, boolean>();
  /** When a check last failed, by repository: an upstream that hangs costs one time-out a while. */
  readonly #failures: LRUCache<string, number>;

  constructor({ catalog, namespaces, offline, freshness, now }: VisibilityOptions) {
    this.namespaces = namespaces;
    this.#catalog = catalog;
    this.#offline = offline;
    this.#publicFor = freshness ?? defaultFreshness;
    this.#now = now;
    this.#failures = new LRUCache({ max: rememberedFailures });
  }

  /**
   * Lets a request for a repository pass that everybody may see. Where the mirror has no account it needs no
   * check, for then the upstream itself sees an anonymous client, unless it had one earlier that may have brought in
   * what is held. What comes back says for whom it is asked: one that was public and can't be confirmed to be is
   * served as far as it is held and was everybody's.
   * @throws {PrivateRepositoryError}
   */
  async require(repository: MirroredRepository): Promise<MirroredRepository> {
    const namespace = this.namespaces.of(repository);
    const { anonymous = repository.upstream } = repository;
    if (namespace.openBy !== undefined) return askedFor(repository, 'everybody');
    if (namespace.visibility === 'private') throw hidden(repository, namespace);
    const known = await this.#catalog.repositories.get(repositoryKey(repository));
    if (!needsCheck(repository, known)) return askedFor(repository, 'everybody');
    const verdict = this.#fresh(known) ?? (await this.#ask(repository, anonymous, known));
    if (verdict === 'private') throw hidden(repository, namespace);
    if (verdict === 'unconfirmed') return { ...repository, audience: verdict };
    return askedFor(repository, 'everybody');
  }

  /** Lets a repository pass where there may be anybody to whom it is served, now or after a log-in. */
  async requireForSomebody(repository: MirroredRepository): Promise<MirroredRepository> {
    repository.list?.require(repository.name);
    const { private: access } = this.namespaces.of(repository);
    const isForSome = access !== 'deny' || repository.credentials !== undefined;
    return isForSome ? askedFor(repository, 'some') : await this.require(repository);
  }

  /** What {@link require} would give, where nothing has to be looked up or asked for that; else `undefined`. */
  recall(repository: MirroredRepository): MirroredRepository | undefined {
    const { openBy, visibility } = this.namespaces.of(repository);
    if (openBy !== undefined) return askedFor(repository, 'everybody');
    if (visibility === 'private') return undefined;
    const known = this.#catalog.repositories.recall(repositoryKey(repository));
    if (known === undefined) return undefined;
    const isOpen =
      !needsCheck(repository, known ?? undefined) || this.#fresh(known ?? undefined) === 'public';
    return isOpen ? askedFor(repository, 'everybody') : undefined;
  }

  /** By what a repository is open that {@link require} lets pass: `public`, or the setting. */
  ruleOf(repository: MirroredRepository): string {
    return this.namespaces.of(repository).openBy ?? 'public';
  }

  #fresh(known: RepositoryEntry | undefined): Verdict | undefined {
    if (known?.visibility === undefined) return undefined;
    const { isPublic, checkedAt } = known.visibility;
    const period = isPublic ? this.#publicFor : privateFor;
    if (!isRecent(checkedAt, period, this.#now())) return undefined;
    return isPublic ? 'public' : 'private';
  }

  async #ask(
    repository: MirroredRepository,
    anonymous: Upstream,
    known: RepositoryEntry | undefined,
  ): Promise<Verdict> {
    const wasPublic = known?.visibility?.isPublic === true;
    if (this.#offline) return wasPublic ? 'public' : 'private';
    const key = repositoryKey(repository);
    // One that is held is served meanwhile; one that is not waits for the answer, as soon as there is one.
    const pauses = isRecent(this.#failures.get(key), pauseAfterFailure, this.#now());
    if (wasPublic && pauses) return 'unconfirmed';
    try {
      const check = this.#checks.run(key, () => this.#check(repository, anonymous));
      return (await check.promise) ? 'public' : 'private';
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      // Our own want of connections, which a crowd can bring about, says nothing about the upstream.
      if (error.failure === 'busy') throw clientErrorFor(error);
      this.#failures.set(key, this.#now());
      if (wasPublic) return 'unconfirmed';
      throw clientErrorFor(error);
    }
  }

  async #check(repository: MirroredRepository, anonymous: Upstream): Promise<boolean> {
    const isPublic = await this.#isServed(repository, anonymous);
    const visibility = { isPublic, checkedAt: this.#now() };
    const { repositories } = this.#catalog;
    await unlessRefused(
      repositories.update(repositoryKey(repository), (known) => ({ ...known, visibility })),
    );
    return isPublic;
  }

  /**
   * A HEAD on any tag tells. Docker Hub says 404 of a missing tag only to those who may see the others; other
   * registries also of a repository that they hide, and a HEAD's answer has no body to say which: there the
   * list of tags tells. One without a tag shows nothing that a hidden one would not.
   */
  async #isServed({ name }: MirroredRepository, anonymous: Upstream): Promise<boolean> {
    try {
      const head = await anonymous.headManifest(name, { kind: 'tag', tag: anyTag });
      if (head === undefined)
        return ((await anonymous.listTags(name, 'n=1'))?.tags.length ?? 0) > 0;
      if (!isOfManifest(head)) throw pageError(anonymous.host, name);
      return true;
    } catch (error) {
      if (isRepositoryGone(error)) return false;
      if (error instanceof UpstreamError && error.failure === 'credentials_required') return false;
      throw error;
    }
  }
}

/** What a firewall puts before a registry answers 200 to everything. Some registries leave out the digest. */
function isOfManifest({ digest, mediaType }: ManifestHead): boolean {
  return digest !== undefined || isIndex(mediaType) || isImage(mediaType);
}

function pageError(host: string, name: string): UpstreamError {
  const message = `manifest ${anyTag} of ${name}: an answer without a manifest's type or digest`;
  return new UpstreamError(host, 'server_error', message);
}

/** Without an account, what was ever looked at with one is looked at still. */
function needsCheck(
  { anonymous }: MirroredRepository,
  known: RepositoryEntry | undefined,
): boolean {
  return anonymous !== undefined || known?.visibility !== undefined;
}

function hidden({ name }: MirroredRepository, { visibility, setting, ...namespace }: Namespace) {
  const what =
    visibility === 'private'
      ? 'access.namespaces says that the repository is private'
      : 'to a client without credentials the upstream says that there is no such repository: it is private or absent';
  return new PrivateRepositoryError(name, `${what}, and ${setting} is ${namespace.private}`);
}
