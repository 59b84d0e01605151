import type { Digest } from '../registry/digest.ts';
import { isRepositoryGone } from './clientError.ts';
import { unlessRefused } from './diskRefusal.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { ManifestRequirements } from './requirements.ts';
import type { BlobStore } from '../store/blobStore.ts';
import {
  membershipKey,
  repositoryKey,
  type Catalog,
  type MembershipEntry,
  type Repository,
} from '../store/catalog.ts';

/** A repository, whether its upstream is asked with an account, and for whom. */
type AskedRepository = Repository & Pick<MirroredRepository, 'anonymous' | 'audience'>;

/** What {@link Memberships} are made of. */
export interface MembershipsOptions {
  readonly catalog: Catalog;
  readonly requirements: ManifestRequirements;
  readonly blobs: Pick<BlobStore, 'describe'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Which repository may serve which digest. Bytes are shared by all repositories, but a client gets
 * them only under a repository that the upstream was seen to serve them from.
 */
export class Memberships {
  readonly #catalog: Catalog;
  readonly #requirements: ManifestRequirements;
  readonly #blobs: Pick<BlobStore, 'describe'>;
  readonly #now: () => number;

  constructor({ catalog, requirements, blobs, now }: MembershipsOptions) {
    this.#catalog = catalog;
    this.#requirements = requirements;
    this.#blobs = blobs;
    this.#now = now;
  }

  /**
   * The repository's generation, which ends when the upstream says that it is private or gone. To be
   * taken before the upstream is asked: an answer that was on its way then counts no more.
   */
  async generation(repository: Repository): Promise<number> {
    const whole = await this.#catalog.repositories.get(repositoryKey(repository));
    return whole?.generation ?? 0;
  }

  /**
   * Whether the repository was seen to contain the digest, since it was last said to be gone. What only those asked
   * for who may have private content becomes everybody's when somebody asks while the repository is known to be
   * public; while that can't be confirmed, it is not there.
   */
  async has(repository: AskedRepository, digest: Digest): Promise<boolean> {
    const key = membershipKey(repository, digest);
    const seen = await this.#catalog.memberships.get(key);
    if (seen === undefined || seen.generation !== (await this.generation(repository))) return false;
    if (repository.audience !== undefined && this.#isHearsay(repository, digest, seen))
      return false;
    if (seen.restricted !== true) return true;
    if (repository.audience === 'unconfirmed') return false;
    if (repository.audience === 'everybody') await this.#open(key, seen);
    return true;
  }

  /**
   * Whether the digest is only named by a manifest, and the bytes that are held came in for somebody who may have
   * private content: whoever can push a manifest that a registry does not look into closely could name them.
   */
  #isHearsay(
    { audience }: Pick<AskedRepository, 'audience'>,
    digest: Digest,
    { vouched }: MembershipEntry,
  ): boolean {
    if (vouched !== true || audience === 'some') return false;
    return this.#blobs.describe(digest)?.restricted === true;
  }

  async #open(key: string, entry: MembershipEntry): Promise<void> {
    await unlessRefused(this.#catalog.memberships.set(key, { ...entry, restricted: false }));
  }

  /** What {@link has} would say, where that is in memory and changes nothing; else no. */
  recall(repository: AskedRepository, digest: Digest): boolean {
    const seen = this.#catalog.memberships.recall(membershipKey(repository, digest));
    if (seen === undefined || seen === null) return false;
    if (seen.restricted === true && repository.audience !== 'some') return false;
    if (this.#isHearsay(repository, digest, seen)) return false;
    const whole = this.#catalog.repositories.recall(repositoryKey(repository));
    return whole !== undefined && seen.generation === (whole?.generation ?? 0);
  }

  /** Goes up when anything changes that {@link has} tells of. */
  get changes(): number {
    return this.#catalog.memberships.changes + this.#catalog.repositories.changes;
  }

  /**
   * Notes that the upstream, asked in this generation, served or vouched for the digests. Where it was asked
   * with an account, a repository of which it was not found out whether it is public is noted as one that is not: what
   * an account has brought in is not everybody's when the mirror has no account any more.
   */
  add(repository: AskedRepository, digests: readonly Digest[], generation: number): Promise<void> {
    return this.#add(repository, digests, { generation, notedAt: this.#now() });
  }

  /** Notes the digests as {@link add}, which a manifest named that the upstream served or confirmed. */
  addVouched(
    repository: AskedRepository,
    digests: readonly Digest[],
    generation: number,
  ): Promise<void> {
    const entry = { generation, notedAt: this.#now(), vouched: true };
    return this.#add(repository, digests, entry);
  }

  async #add(
    repository: AskedRepository,
    digests: readonly Digest[],
    entry: MembershipEntry,
  ): Promise<void> {
    if (repository.anonymous !== undefined) await this.#noteUnknown(repository);
    const own = repository.audience === 'some' ? { ...entry, restricted: true } : entry;
    const entries = digests.map(async (digest) => {
      const key = membershipKey(repository, digest);
      return [key, await this.#besides(key, own)] as const;
    });
    await unlessRefused(this.#catalog.memberships.setMany(await Promise.all(entries)));
  }

  /** What was known better before stays so. */
  async #besides(key: string, entry: MembershipEntry): Promise<MembershipEntry> {
    if (entry.restricted !== true && entry.vouched !== true) return entry;
    const seen = await this.#catalog.memberships.get(key);
    if (seen === undefined || seen.generation !== entry.generation) return entry;
    const { restricted, vouched, ...rest } = entry;
    return {
      ...rest,
      ...(restricted === true && seen.restricted === true ? { restricted } : {}),
      ...(vouched === true && seen.vouched === true ? { vouched } : {}),
    };
  }

  /**
   * Notes that the upstream confirmed a manifest under the repository. A registry takes in an image only
   * with its blobs: by confirming one that is held here it vouches for them too.
   */
  async confirm(repository: AskedRepository, digest: Digest, generation: number): Promise<void> {
    const requirements = await this.#requirements.of(digest);
    await this.add(repository, [digest], generation);
    if (requirements?.kind !== 'all' || !requirements.vouched) return;
    await this.addVouched(repository, requirements.blobs, generation);
  }

  async #noteUnknown(repository: Repository): Promise<void> {
    const { repositories } = this.#catalog;
    const key = repositoryKey(repository);
    if ((await repositories.get(key))?.visibility !== undefined) return;
    const visibility = { isPublic: false, checkedAt: 0 };
    await unlessRefused(repositories.update(key, (known) => ({ visibility, ...known })));
  }

  /** Forgets the repository if the error says that it is private or gone. */
  async heed(repository: Repository, error: unknown): Promise<void> {
    if (isRepositoryGone(error)) await this.forget(repository);
  }

  /**
   * The upstream said that the repository is private or gone: all that was seen counts no more, even
   * where the disk refuses to note it.
   */
  async forget(repository: Repository): Promise<void> {
    await unlessRefused(
      this.#catalog.repositories.update(repositoryKey(repository), (known) => ({
        ...known,
        generation: (known?.generation ?? 0) + 1,
        forgottenAt: this.#now(),
      })),
    );
  }
}
