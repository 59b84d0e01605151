import type { Digest } from '../registry/digest.ts';
import { isRepositoryGone } from './clientError.ts';
import { ifRoom } from './diskFull.ts';
import type { ManifestRequirements } from './requirements.ts';
import { membershipKey, repositoryKey, type Catalog, type Repository } from '../store/catalog.ts';

/**
 * Which repository may serve which digest. Bytes are shared by all repositories, but a client gets
 * them only under a repository that the upstream was seen to serve them from.
 */
export class Memberships {
  readonly #catalog: Catalog;
  readonly #requirements: ManifestRequirements;
  readonly #now: () => number;

  /** `now`: milliseconds since the epoch. */
  constructor(catalog: Catalog, requirements: ManifestRequirements, now: () => number) {
    this.#catalog = catalog;
    this.#requirements = requirements;
    this.#now = now;
  }

  /** Whether the repository was seen to contain the digest, since it was last said to be gone. */
  async has(repository: Repository, digest: Digest): Promise<boolean> {
    const seen = await this.#catalog.memberships.get(membershipKey(repository, digest));
    if (seen === undefined) return false;
    const whole = await this.#catalog.repositories.get(repositoryKey(repository));
    return seen.seenAt > (whole?.goneAt ?? Number.NEGATIVE_INFINITY);
  }

  /** Notes that the upstream served, or vouched for, these digests under the repository. */
  async add(repository: Repository, digests: readonly Digest[]): Promise<void> {
    const seenAt = this.#now();
    await ifRoom(
      this.#catalog.memberships.setMany(
        digests.map((digest) => [membershipKey(repository, digest), { seenAt }] as const),
      ),
    );
  }

  /**
   * Notes that the upstream confirmed a manifest under the repository. A registry takes in an image only
   * with its blobs: by confirming one that is held here it vouches for them too.
   */
  async confirm(repository: Repository, digest: Digest): Promise<void> {
    const requirements = await this.#requirements.of(digest);
    const blobs = requirements?.kind === 'all' ? requirements.blobs : [];
    await this.add(repository, [digest, ...blobs]);
  }

  /** Forgets the repository if the error says that it is private or gone. */
  async heed(repository: Repository, error: unknown): Promise<void> {
    if (isRepositoryGone(error)) await this.forget(repository);
  }

  /** The upstream said that the repository is private or gone: all that was seen counts no more. */
  async forget(repository: Repository): Promise<void> {
    const goneAt = this.#now();
    await this.#catalog.repositories.update(repositoryKey(repository), (known) => ({
      ...known,
      goneAt,
    }));
  }
}
