import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { Reference } from '../registry/reference.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { membershipKey, type ContentEntry } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { ManifestHead } from '../upstream/upstream.ts';
import { asClientError, incompleteError, offlineError } from './clientError.ts';
import type { Completeness } from './completeness.ts';
import type { HeldManifest, ManifestFetcher } from './manifestFetcher.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { CacheOutcome } from './mirrorObserver.ts';
import type { ResolvedTag, TagResolver } from './tagResolver.ts';

/** What a HEAD on a manifest is answered with. */
export interface ManifestDescription {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly outcome: CacheOutcome;
  /** For a `Warning` header. */
  readonly warning?: string;
}

/** What a GET on a manifest is answered with. */
export interface ManifestAnswer extends ManifestDescription {
  readonly bytes: Buffer;
}

/** The parts of the mirror that {@link Manifests} is made of. */
export interface ManifestsParts {
  readonly blobs: BlobStore;
  readonly memberships: Memberships;
  readonly tags: TagResolver;
  readonly fetcher: ManifestFetcher;
  readonly completeness: Completeness;
  readonly offline: boolean;
  /** Milliseconds of a clock that only goes forward: the one of `Upstream.lastAnswerAt`. */
  readonly monotonicNow: () => number;
}

// An upstream that answered this recently is taken to be there for the blobs that will be asked next.
const reachableFor = 10_000;

/** Where the manifest of an answer comes from. */
interface Located {
  readonly digest: Digest;
  readonly held: ContentEntry | undefined;
  readonly outcome: CacheOutcome;
  readonly tag?: ResolvedTag;
}

/** Manifests, by tag and by digest. */
export class Manifests {
  readonly #parts: ManifestsParts;
  readonly #checks = new SingleFlight<string, ManifestHead>();

  constructor(parts: ManifestsParts) {
    this.#parts = parts;
  }

  /**
   * Describes a manifest; one that is not held is not fetched, since Docker Hub counts no HEAD.
   * @throws {RegistryError} when it does not exist or can't be had
   */
  async describe(
    repository: MirroredRepository,
    reference: Reference,
  ): Promise<ManifestDescription> {
    const { digest, outcome, held, tag } = await this.#locate(repository, reference);
    if (held === undefined && this.#parts.offline) throw offlineError(repository.host);
    const known = held ?? tag?.entry ?? (await this.#requireUpstreamHas(repository, digest));
    const { mediaType, size } = known;
    if (mediaType === undefined || size === undefined) return this.get(repository, reference);
    return { digest, mediaType, size, outcome, ...warningOf(repository, tag) };
  }

  /**
   * Gets a manifest, from the store or from the upstream.
   * @throws {RegistryError} when it does not exist or can't be had
   */
  async get(repository: MirroredRepository, reference: Reference): Promise<ManifestAnswer> {
    const { digest, held, outcome, tag } = await this.#locate(repository, reference);
    if (held?.mediaType !== undefined) {
      const bytes = await this.#parts.blobs.read(digest);
      if (bytes !== undefined) {
        const { mediaType } = held;
        const { length: size } = bytes;
        return { digest, mediaType, size, bytes, outcome, ...warningOf(repository, tag) };
      }
    }
    const { manifest, joined } = await this.#fetch(repository, digest);
    return {
      ...manifest,
      size: manifest.bytes.length,
      outcome: joined ? 'joined' : 'miss',
    };
  }

  /** Finds the manifest's digest and whether it is held, and refuses what could not be delivered. */
  async #locate(repository: MirroredRepository, reference: Reference): Promise<Located> {
    const located =
      reference.kind === 'tag'
        ? await this.#locateTag(repository, reference)
        : await this.#locateDigest(repository, reference.digest);
    const stale = located.tag?.source === 'stale';
    if (located.held !== undefined || stale) await this.#requireDeliverable(repository, located);
    return located;
  }

  async #locateTag(
    repository: MirroredRepository,
    { tag }: Reference & { kind: 'tag' },
  ): Promise<Located> {
    const resolved = await this.#parts.tags.resolve(repository, tag);
    const { digest } = resolved.entry;
    const held = this.#manifestEntry(digest);
    return { digest, held, outcome: outcomeOf(resolved, held !== undefined), tag: resolved };
  }

  async #locateDigest(repository: MirroredRepository, digest: Digest): Promise<Located> {
    const held = this.#manifestEntry(digest);
    if (held === undefined) return { digest, held, outcome: 'miss' };
    if (await this.#parts.memberships.has(repository, digest)) {
      return { digest, held, outcome: 'hit' };
    }
    await this.#requireUpstreamHas(repository, digest);
    return { digest, held, outcome: 'revalidated' };
  }

  /** A blob may be held under a digest without being known as a manifest: then it counts as absent. */
  #manifestEntry(digest: Digest): ContentEntry | undefined {
    const entry = this.#parts.blobs.describe(digest);
    return entry?.mediaType === undefined ? undefined : entry;
  }

  async #fetch(
    repository: MirroredRepository,
    digest: Digest,
  ): Promise<{ manifest: HeldManifest; joined: boolean }> {
    if (this.#parts.offline) throw offlineError(repository.host);
    const { fetcher, memberships } = this.#parts;
    const { promise, joined } = fetcher.fetch(repository, { kind: 'digest', digest });
    try {
      const manifest = await promise;
      if (joined && !(await memberships.has(repository, digest))) {
        await this.#requireUpstreamHas(repository, digest);
      }
      return { manifest, joined };
    } catch (error) {
      if (!joined) await memberships.heed(repository, error);
      const ofOther = error instanceof UpstreamError && error.host !== repository.host;
      if (!joined || !(ofOther || error instanceof RegistryError)) throw asClientError(error);
    }
    // What was joined may have been for another repository: what that lacks, or its upstream fails to do,
    // says nothing about this one.
    await this.#requireUpstreamHas(repository, digest);
    return this.#fetch(repository, digest);
  }

  /** An image whose blobs are not all here is served only while the upstream is there to give them. */
  async #requireDeliverable(
    repository: MirroredRepository,
    { digest, tag }: Located,
  ): Promise<void> {
    const { completeness, offline, monotonicNow } = this.#parts;
    if (await completeness.isComplete(repository, digest)) return;
    if (offline) throw offlineError(repository.host);
    // The tag is stale because the upstream failed to answer: to ask again costs another time-out.
    if (tag?.source === 'stale') throw incompleteError(repository.host);
    const answeredAt = repository.upstream.lastAnswerAt;
    if (answeredAt !== undefined && monotonicNow() - answeredAt < reachableFor) return;
    await this.#requireUpstreamHas(repository, digest);
  }

  /** Asks by a HEAD, which is free at Docker Hub, whether this repository has the manifest. */
  async #requireUpstreamHas(repository: MirroredRepository, digest: Digest): Promise<ManifestHead> {
    const { memberships, offline } = this.#parts;
    if (offline) throw offlineError(repository.host);
    try {
      return await this.#checks.run(membershipKey(repository, digest), async () => {
        const { upstream, name } = repository;
        const generation = await memberships.generation(repository);
        const head = await upstream.headManifest(name, { kind: 'digest', digest });
        if (head === undefined) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { digest } });
        await memberships.confirm(repository, digest, generation);
        return head;
      }).promise;
    } catch (error) {
      await memberships.heed(repository, error);
      throw asClientError(error);
    }
  }
}

function outcomeOf({ source }: ResolvedTag, held: boolean): CacheOutcome {
  if (source === 'stale') return 'stale';
  if (source === 'known') return 'hit';
  return held ? 'revalidated' : 'miss';
}

function warningOf(
  { host }: MirroredRepository,
  tag: ResolvedTag | undefined,
): { warning?: string } {
  if (tag?.source !== 'stale') return {};
  const since = new Date(tag.entry.checkedAt).toISOString();
  return { warning: `${host} could not confirm it; this is the tag as of ${since}` };
}
