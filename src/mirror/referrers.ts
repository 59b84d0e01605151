import { digestAlgorithm, digestHex, type Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { isJsonObject, parseJsonObject, textOf, type JsonObject } from '../registry/jsonObject.ts';
import { parseManifest } from '../registry/manifest.ts';
import { mediaTypes } from '../registry/mediaType.ts';
import { parseTag, type Tag } from '../registry/reference.ts';
import { membershipKey } from '../store/catalog.ts';
import type { ReferrersPage } from '../upstream/upstream.ts';
import type { Absences } from './absences.ts';
import type { Manifests } from './manifests.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { CacheOutcome } from './mirrorObserver.ts';
import type { Memberships } from './memberships.ts';
import type { ShortLivedCache } from './shortLivedCache.ts';

/** A page of referrers and how it was come by. */
export interface ReferrersAnswer {
  readonly page: ReferrersPage;
  readonly outcome: CacheOutcome;
}

/**
 * What refers to a manifest: signatures, attestations, SBOMs. dockerd ≥ 29.1 asks for them in ordinary
 * pulls, and where a mirror answers 404 it asks Docker Hub itself.
 */
export class Referrers {
  readonly #cache: ShortLivedCache<ReferrersPage>;
  readonly #manifests: Manifests;
  readonly #memberships: Memberships;
  readonly #absences: Absences;

  constructor(
    cache: ShortLivedCache<ReferrersPage>,
    manifests: Manifests,
    memberships: Memberships,
    absences: Absences,
  ) {
    this.#cache = cache;
    this.#manifests = manifests;
    this.#memberships = memberships;
    this.#absences = absences;
  }

  /**
   * Gets a page; `query` is what the client sent, or what the page before named, without `?`.
   * @throws {RegistryError} when there is no such repository, or the upstream fails and nothing is kept
   */
  async get(
    repository: MirroredRepository,
    digest: Digest,
    query: string,
  ): Promise<ReferrersAnswer> {
    // What was listed before the repository was said to be gone is not found any more.
    const generation = await this.#memberships.generation(repository);
    const key = `${membershipKey(repository, digest)}#${generation}?${query}`;
    const { value, outcome } = await this.#cache.get(key, repository, async () => {
      const page =
        (await this.#fromApi(repository, digest, query)) ??
        (await this.#fromTag(repository, digest, query));
      return { value: page, size: page.bytes.length + (page.next?.length ?? 0) };
    });
    return { page: value, outcome };
  }

  async #fromApi(
    repository: MirroredRepository,
    digest: Digest,
    query: string,
  ): Promise<ReferrersPage | undefined> {
    const { upstream, name } = repository;
    this.#absences.refuse(repository);
    try {
      return await upstream.listReferrers(name, digest, query);
    } catch (error) {
      this.#absences.note(repository, error);
      await this.#memberships.heed(repository, error);
      throw error;
    }
  }

  /**
   * OCI distribution-spec, "Referrers Tag Schema": where the upstream has no such API, the list is kept
   * under a tag that is made from the digest. No such tag means that nothing refers to it.
   */
  async #fromTag(
    repository: MirroredRepository,
    digest: Digest,
    query: string,
  ): Promise<ReferrersPage> {
    const index = await this.#indexUnder(repository, referrersTag(digest));
    const artifactType = new URLSearchParams(query).get('artifactType');
    const manifests = entriesOf(index).filter(
      (entry) => artifactType === null || textOf(entry, 'artifactType') === artifactType,
    );
    return {
      bytes: Buffer.from(JSON.stringify({ ...index, manifests })),
      ...(artifactType === null ? {} : { filtersApplied: 'artifactType' }),
    };
  }

  async #indexUnder(repository: MirroredRepository, tag: Tag): Promise<JsonObject> {
    try {
      const { bytes, mediaType } = await this.#manifests.get(repository, { kind: 'tag', tag });
      const isList = parseManifest(bytes, mediaType)?.kind === 'index';
      return (isList ? parseJsonObject(bytes) : undefined) ?? emptyIndex;
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return emptyIndex;
      throw error;
    }
  }
}

/** The entries of an index, with whatever members their author gave them. */
function entriesOf({ manifests }: JsonObject): JsonObject[] {
  return Array.isArray(manifests) ? manifests.filter(isJsonObject) : [];
}

const emptyIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] } as const;

/** At most 32 characters of the algorithm and 64 of the hash, so a sha512 is cut short. */
function referrersTag(digest: Digest): Tag {
  const tag = parseTag(`${digestAlgorithm(digest).slice(0, 32)}-${digestHex(digest).slice(0, 64)}`);
  if (tag === undefined) throw new Error(`no referrers tag for ${digest}`);
  return tag;
}
