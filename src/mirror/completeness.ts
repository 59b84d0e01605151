import { LRUCache } from 'lru-cache';
import type { Digest } from '../registry/digest.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { membershipKey, type Repository } from '../store/catalog.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { ManifestRequirements } from './requirements.ts';

type MembersOf = Repository & Pick<MirroredRepository, 'audience'>;

const rememberedImages = 10_000;

/**
 * Whether an image can be had from here alone. podman, CRI-O and kaniko choose between mirror and
 * upstream at the manifest and stay with their choice, so a manifest without its blobs is a trap.
 */
export class Completeness {
  readonly #blobs: BlobStore;
  readonly #memberships: Memberships;
  readonly #requirements: ManifestRequirements;
  /** What was complete, by repository and digest, with the revision of that time. */
  readonly #complete = new LRUCache<string, number>({ max: rememberedImages });

  constructor(blobs: BlobStore, memberships: Memberships, requirements: ManifestRequirements) {
    this.#blobs = blobs;
    this.#memberships = memberships;
    this.#requirements = requirements;
  }

  /**
   * Whether all that the manifest requires is held and may be served under the repository. Manifests
   * that are neither image nor index require nothing.
   */
  async isComplete(repository: MembersOf, digest: Digest): Promise<boolean> {
    if (this.recall(repository, digest)) return true;
    const revision = this.#revision;
    const complete = await this.#isComplete(repository, digest, new Set());
    if (complete && repository.audience !== 'unconfirmed') {
      this.#complete.set(membershipKey(repository, digest), revision);
    }
    return complete;
  }

  /** Whether {@link isComplete} said yes, and nothing has changed since that could have it say no. */
  recall(repository: MembersOf, digest: Digest): boolean {
    // What is remembered may be of those who may have more.
    if (repository.audience === 'unconfirmed') return false;
    return this.#complete.get(membershipKey(repository, digest)) === this.#revision;
  }

  /** Both only ever go up, so that the sum tells of a change of either. */
  get #revision(): number {
    return this.#blobs.removals + this.#memberships.changes;
  }

  /** `visited`: an index may name others, and they it; each manifest is looked at once. */
  async #isComplete(repository: MembersOf, digest: Digest, visited: Set<Digest>): Promise<boolean> {
    if (visited.has(digest)) return false;
    visited.add(digest);
    const requirements = await this.#requirements.of(digest);
    if (requirements === undefined || requirements.kind === 'impossible') return false;
    if (requirements.kind === 'all') {
      for (const blob of requirements.blobs) {
        if (!(await this.#isAtHand(repository, blob))) return false;
      }
      return true;
    }
    for (const manifest of requirements.manifests) {
      const atHand = await this.#isAtHand(repository, manifest);
      if (atHand && (await this.#isComplete(repository, manifest, visited))) return true;
    }
    return requirements.manifests.length === 0;
  }

  async #isAtHand(repository: MembersOf, digest: Digest): Promise<boolean> {
    const held = this.#blobs.describe(digest) !== undefined;
    return held && this.#memberships.has(repository, digest);
  }
}
