import type { Digest } from '../registry/digest.ts';
import type { Reference } from '../registry/reference.ts';
import type { ManifestHead } from '../upstream/upstream.ts';
import type { Absences } from './absences.ts';
import type { Completeness } from './completeness.ts';
import type { Deliverability } from './deliverability.ts';
import type { HeldManifestEntry, HeldManifests } from './heldManifests.ts';
import type { ManifestAnswer, ManifestDescription } from './manifestAnswer.ts';
import type { ManifestSupply } from './manifestSupply.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { CacheOutcome } from './mirrorObserver.ts';
import type { MovedTags } from './movedTags.ts';
import type { ResolvedTag, TagResolver } from './tagResolver.ts';

/** The parts of the mirror that {@link Manifests} is made of. */
export interface ManifestsParts {
  readonly held: HeldManifests;
  readonly memberships: Memberships;
  readonly absences: Absences;
  readonly tags: TagResolver;
  readonly supply: ManifestSupply;
  readonly completeness: Completeness;
  readonly deliverability: Deliverability;
  readonly moved: MovedTags;
}

/** Where the manifest of an answer comes from. */
interface Located {
  readonly digest: Digest;
  readonly held: HeldManifestEntry | undefined;
  readonly outcome: CacheOutcome;
  readonly tag?: ResolvedTag;
}

/** Manifests, by tag and by digest. */
export class Manifests {
  readonly #parts: ManifestsParts;

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
    const located = await this.#locate(repository, reference);
    const describe = () => this.#describe(repository, located);
    if (located.tag === undefined) return describe();
    return this.#parts.moved.orEarlier(repository, located.tag, describe);
  }

  /**
   * Gets a manifest, from the store or from the upstream.
   * @throws {RegistryError} when it does not exist or can't be had
   */
  async get(repository: MirroredRepository, reference: Reference): Promise<ManifestAnswer> {
    const located = await this.#locate(repository, reference);
    const get = () => this.#get(repository, located);
    if (located.tag === undefined) return get();
    return this.#parts.moved.orEarlier(repository, located.tag, get);
  }

  /**
   * What {@link get} would give, where that is a hit and all of it is known in memory; else `undefined`. It is
   * for the sake of speed alone: the promises and look-ups of `get` cost more than all else of a hit.
   */
  recall(repository: MirroredRepository, reference: Reference): ManifestAnswer | undefined {
    const { completeness, held } = this.#parts;
    const digest = this.#recallDigest(repository, reference);
    if (digest === undefined || !completeness.recall(repository, digest)) return undefined;
    const kept = held.recall(digest);
    return kept && { ...kept, outcome: 'hit' };
  }

  #recallDigest(repository: MirroredRepository, reference: Reference): Digest | undefined {
    const { memberships, tags } = this.#parts;
    if (reference.kind === 'tag') return tags.recall(repository, reference.tag)?.digest;
    return memberships.recall(repository, reference.digest) ? reference.digest : undefined;
  }

  /** Finds the manifest's digest and whether it is held. */
  #locate(repository: MirroredRepository, reference: Reference): Promise<Located> {
    return reference.kind === 'tag'
      ? this.#locateTag(repository, reference)
      : this.#locateDigest(repository, reference.digest);
  }

  async #locateTag(
    repository: MirroredRepository,
    { tag }: Reference & { kind: 'tag' },
  ): Promise<Located> {
    const resolved = await this.#parts.tags.resolve(repository, tag);
    const { digest } = resolved.entry;
    const held = this.#parts.held.describe(digest);
    return { digest, held, outcome: outcomeOf(resolved, held !== undefined), tag: resolved };
  }

  async #locateDigest(repository: MirroredRepository, digest: Digest): Promise<Located> {
    const held = this.#parts.held.describe(digest);
    if (held === undefined) return { digest, held, outcome: 'miss' };
    if (await this.#parts.memberships.has(repository, digest)) {
      return { digest, held, outcome: 'hit' };
    }
    const { absences, deliverability, supply } = this.#parts;
    // As of one that is not held: whether another repository's is held must not make a difference.
    absences.refuse(repository, { kind: 'digest', digest });
    await deliverability.requireBlobs(repository);
    await supply.check(repository, digest);
    return { digest, held, outcome: 'revalidated' };
  }

  async #describe(repository: MirroredRepository, located: Located): Promise<ManifestDescription> {
    const { digest, held, outcome, tag } = located;
    const { absences, deliverability, supply } = this.#parts;
    // A GET would be told so: a HEAD that says otherwise leads clients astray.
    if (held === undefined) absences.refuse(repository, { kind: 'digest', digest });
    let known: ManifestHead | undefined = held ?? tag?.entry;
    if (known === undefined) {
      await deliverability.requireBlobs(repository);
      known = await supply.check(repository, digest);
    } else {
      await deliverability.require(repository, digest, tag?.source === 'stale');
    }
    const { mediaType, size } = known;
    if (size === undefined) return this.#get(repository, located);
    // containerd and dockerd end here when they have the image already: it is in use all the same.
    if (held !== undefined) this.#parts.held.use(digest);
    return { digest, mediaType, size, outcome, ...warningOf(repository, tag) };
  }

  async #get(repository: MirroredRepository, located: Located): Promise<ManifestAnswer> {
    const { digest, held, outcome, tag } = located;
    const { absences, deliverability, supply } = this.#parts;
    const stale = tag?.source === 'stale';
    if (held !== undefined || stale) await deliverability.require(repository, digest, stale);
    const kept = await this.#parts.held.read(digest);
    if (kept !== undefined) return { ...kept, outcome, ...warningOf(repository, tag) };
    if (tag === undefined) absences.refuse(repository, { kind: 'digest', digest });
    await deliverability.requireBlobs(repository);
    const { manifest, joined } = await supply.fetch(repository, digest);
    // The circuit may have opened meanwhile.
    if (!(await repository.upstream.canGiveBlobs())) {
      await deliverability.require(repository, digest, stale);
    }
    return { ...manifest, size: manifest.bytes.length, outcome: joined ? 'joined' : 'miss' };
  }
}

function outcomeOf({ source }: ResolvedTag, held: boolean): CacheOutcome {
  if (source === 'stale') return 'stale';
  if (source === 'known') return 'hit';
  return held && source === 'asked' ? 'revalidated' : 'miss';
}

function warningOf(
  { host }: MirroredRepository,
  tag: ResolvedTag | undefined,
): { warning?: string } {
  if (tag?.source !== 'stale') return {};
  const since = new Date(tag.entry.checkedAt).toISOString();
  return { warning: `${host} could not confirm it; this is the tag as of ${since}` };
}
