import type { Digest } from '../../registry/digest.ts';
import {
  membershipKey,
  repositoryKey,
  type Catalog,
  type Repository,
} from '../../store/catalog.ts';
import { repositoryOfKey, splitMembershipKey, splitTagKey } from '../../store/catalogKeys.ts';
import type { Expiry } from './expiry.ts';

/**
 * Whether single entries of the catalog have expired, by what it says now. To be asked right before they are
 * removed: a pull may have made them count again.
 */
export class EntryCheck {
  readonly #catalog: Catalog;
  readonly #expiry: Expiry;

  constructor(catalog: Catalog, expiry: Expiry) {
    this.#catalog = catalog;
    this.#expiry = expiry;
  }

  /** Whether a tag has expired, or stands for what its repository does not have any more. */
  async isExpiredTag(key: string): Promise<boolean> {
    const parts = splitTagKey(key);
    const repository = parts && repositoryOfKey(parts.repository);
    const entry = await this.#catalog.tags.get(key);
    if (parts === undefined || repository === undefined || entry === undefined) return false;
    if (this.#expiry.ofTag(repository, parts.tag, entry)) return true;
    return !(await this.#isMember(repository, entry.digest));
  }

  /** Whether a membership is of a former generation, or for nothing that is held. */
  async isExpiredMembership(key: string): Promise<boolean> {
    const parts = splitMembershipKey(key);
    const entry = await this.#catalog.memberships.get(key);
    if (parts === undefined || entry === undefined) return false;
    if (this.#expiry.ofMembership(parts.digest, entry)) return true;
    return entry.generation !== (await this.#generationOf(parts.repository));
  }

  /** Whether nobody has to know what is known of a repository. */
  async isExpiredRepository(key: string): Promise<boolean> {
    const entry = await this.#catalog.repositories.get(key);
    return entry !== undefined && this.#expiry.ofRepository(entry);
  }

  async #isMember(repository: Repository, digest: Digest): Promise<boolean> {
    const entry = await this.#catalog.memberships.get(membershipKey(repository, digest));
    return entry?.generation === (await this.#generationOf(repositoryKey(repository)));
  }

  async #generationOf(key: string): Promise<number> {
    return (await this.#catalog.repositories.get(key))?.generation ?? 0;
  }
}
