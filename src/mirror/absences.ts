import { LRUCache } from 'lru-cache';
import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { Reference } from '../registry/reference.ts';
import { membershipKey, repositoryKey, tagKey, type Repository } from '../store/catalog.ts';
import { isRepositoryGone } from './clientError.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import { isRecent } from './recency.ts';

/** What may be missing from a repository. A digest of a blob is unknown among the manifests. */
export type Sought = Reference | { readonly kind: 'blob'; readonly digest: Digest };

type Absence = Pick<RegistryError, 'code' | 'detail'> & { readonly notedAt: number };

// Each takes less than a kilobyte.
const remembered = 10_000;

/**
 * What upstreams said does not exist. It is remembered for a short time, so that clients who insist on it
 * cost nothing; never that an upstream failed, for that says nothing about what exists.
 */
export class Absences {
  readonly #noted = new LRUCache<string, Absence>({ max: remembered });
  readonly #monotonicNow: () => number;

  /** `monotonicNow`: milliseconds of a clock that only goes forward. */
  constructor(monotonicNow: () => number) {
    this.#monotonicNow = monotonicNow;
  }

  /**
   * To be asked before the upstream is.
   * @throws {RegistryError} what the upstream said a short while ago of the repository, or of this in it
   */
  refuse(repository: MirroredRepository, sought?: Sought): void {
    const absence =
      this.#recent(repository, repositoryKey(repository)) ??
      (sought && this.#recent(repository, keyOf(repository, sought)));
    if (absence === undefined) return;
    const { code, detail } = absence;
    throw new RegistryError(code, { detail });
  }

  /** Whether the upstream said a short while ago that the repository itself does not exist. */
  hasNoted(repository: MirroredRepository): boolean {
    return this.#recent(repository, repositoryKey(repository)) !== undefined;
  }

  /** Notes what came of asking the upstream for something, where that was a statement that it is missing. */
  note(repository: Repository, error: unknown, sought?: Sought): void {
    if (isRepositoryGone(error)) this.#note(repositoryKey(repository), error);
    else if (sought !== undefined && isUnknown(error)) {
      this.#note(keyOf(repository, sought), error);
    }
  }

  /** The upstream answered from the repository, and gave these or spoke of them: they are there. */
  drop(repository: Repository, present: readonly Sought[]): void {
    this.#noted.delete(repositoryKey(repository));
    for (const one of present) this.#noted.delete(keyOf(repository, one));
  }

  #recent({ policy }: MirroredRepository, key: string): Absence | undefined {
    const absence = this.#noted.get(key);
    const recent = isRecent(absence?.notedAt, policy.absentFreshness, this.#monotonicNow());
    return recent ? absence : undefined;
  }

  #note(key: string, { code, detail }: RegistryError): void {
    this.#noted.set(key, { code, detail, notedAt: this.#monotonicNow() });
  }
}

function isUnknown(error: unknown): error is RegistryError {
  if (!(error instanceof RegistryError)) return false;
  return error.code === 'MANIFEST_UNKNOWN' || error.code === 'BLOB_UNKNOWN';
}

function keyOf(repository: Repository, sought: Sought): string {
  if (sought.kind === 'tag') return tagKey(repository, sought.tag);
  const key = membershipKey(repository, sought.digest);
  return sought.kind === 'blob' ? `${key} as a blob` : key;
}
