import type { Digest } from '../registry/digest.ts';
import type { BlobStore } from '../store/blobStore.ts';
import type { Repository } from '../store/catalog.ts';
import type { Memberships } from './memberships.ts';
import type { ManifestRequirements } from './requirements.ts';

/**
 * Whether an image can be had from here alone. podman, CRI-O and kaniko choose between mirror and
 * upstream at the manifest and stay with their choice, so a manifest without its blobs is a trap.
 */
export class Completeness {
  readonly #blobs: BlobStore;
  readonly #memberships: Memberships;
  readonly #requirements: ManifestRequirements;

  constructor(blobs: BlobStore, memberships: Memberships, requirements: ManifestRequirements) {
    this.#blobs = blobs;
    this.#memberships = memberships;
    this.#requirements = requirements;
  }

  /**
   * Whether all that the manifest requires is held and may be served under the repository. Manifests
   * that are neither image nor index require nothing.
   */
  isComplete(repository: Repository, digest: Digest): Promise<boolean> {
    return this.#isComplete(repository, digest, new Set());
  }

  /** `visited`: an index may name others, and they it; each manifest is looked at once. */
  async #isComplete(
    repository: Repository,
    digest: Digest,
    visited: Set<Digest>,
  ): Promise<boolean> {
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

  async #isAtHand(repository: Repository, digest: Digest): Promise<boolean> {
    const held = this.#blobs.describe(digest) !== undefined;
    return held && this.#memberships.has(repository, digest);
  }
}
