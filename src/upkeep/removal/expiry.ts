import type { MirroredUpstreams } from '../../mirror/mirroredUpstream.ts';
import { freshnessOf } from '../../mirror/tagFreshness.ts';
import { TagLifetime } from '../../mirror/tagLifetime.ts';
import type { Digest } from '../../registry/digest.ts';
import type { Tag } from '../../registry/reference.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type {
  ContentEntry,
  MembershipEntry,
  Repository,
  RepositoryEntry,
  TagEntry,
} from '../../store/catalog.ts';

// What a pull notes and what it stores are not written at one stroke: between the two lie a file's last
// bytes on a slow disk, never an hour.
const settling = 3_600_000;
// A repository's generation has to outlive every answer that was on its way when it began: with generation 0
// again such an answer would count. No transfer takes a day.
const generationOutlives = 24 * 3_600_000;

/**
 * When what the store knows is of no use any more. Everything goes by how long something is past: a clock
 * that was set back makes things younger, never older.
 */
export class Expiry {
  readonly #blobs: BlobStore;
  readonly #upstreams: MirroredUpstreams;
  readonly #now: () => number;

  /** `now`: milliseconds since the epoch. */
  constructor(blobs: BlobStore, upstreams: MirroredUpstreams, now: () => number) {
    this.#blobs = blobs;
    this.#upstreams = upstreams;
    this.#now = now;
  }

  /**
   * Whether a tag can be no answer without the upstream's: no manifest of it is held, and it is past the time
   * for which it may be served. An earlier one that is held counts, since offline that one is served.
   */
  ofTag({ host, name }: Repository, tag: Tag, entry: TagEntry): boolean {
    const { digest, earlier } = entry;
    if (this.#isHeld(digest) || (earlier !== undefined && this.#isHeld(earlier.digest)))
      return false;
    const policy = this.#upstreams.find(host)?.policy;
    if (policy === undefined) return true;
    const freshness = freshnessOf(policy, name, tag);
    return !new TagLifetime(freshness, policy.staleIfError, this.#now).isUsable(entry);
  }

  /** Whether nothing is held that a membership is for; what names the digest elsewhere is not looked at. */
  ofMembership(digest: Digest, { notedAt }: MembershipEntry): boolean {
    return !this.#isHeld(digest) && this.#isPast(notedAt ?? Number.NEGATIVE_INFINITY, settling);
  }

  /** Whether the entry of a repository that has nothing else can go, once it is known when it was forgotten. */
  ofRepository({ generation = 0, forgottenAt, visibility }: RepositoryEntry): boolean {
    const forgotten = generation === 0 ? Number.NEGATIVE_INFINITY : forgottenAt;
    const checked = visibility?.checkedAt ?? Number.NEGATIVE_INFINITY;
    return (
      forgotten !== undefined &&
      this.#isPast(forgotten, generationOutlives) &&
      this.#isPast(checked, generationOutlives)
    );
  }

  /**
   * Whether a blob that no repository has is in nobody's way to one any more. One that was adopted may lack
   * its memberships because a catalog was lost: those come back as the images are pulled, and until then it is
   * left to go by its last use.
   */
  ofBlob({ adopted = false, storedAt, usedAt = storedAt }: ContentEntry): boolean {
    return !adopted && this.#isPast(Math.max(storedAt, usedAt), settling);
  }

  #isHeld(digest: Digest): boolean {
    return this.#blobs.describe(digest) !== undefined;
  }

  #isPast(since: number, period: number): boolean {
    return this.#now() - since > period;
  }
}
