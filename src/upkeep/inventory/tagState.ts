import type { MirroredUpstreams } from '../../mirror/mirroredUpstream.ts';
import { freshnessOf } from '../../mirror/tagFreshness.ts';
import { TagLifetime } from '../../mirror/tagLifetime.ts';
import type { Freshness } from './imageSummary.ts';
import type { KnownImage } from './images.ts';

/** Tells what the mirror would do with the tags that it knows. */
export class TagState {
  readonly #upstreams: MirroredUpstreams;
  readonly #now: () => number;

  /** `now`: milliseconds since the epoch. */
  constructor(upstreams: MirroredUpstreams, now: () => number) {
    this.#upstreams = upstreams;
    this.#now = now;
  }

  /**
   * `fresh`: it is served without asking; `stale`: it may be while the upstream fails; `expired`: not even
   * then, nor if its upstream is none any more. `undefined` for what is no tag.
   */
  of({ repository, tag, entry }: KnownImage): Freshness | undefined {
    if (tag === undefined || entry === undefined) return undefined;
    const policy = this.#upstreams.find(repository.host)?.policy;
    if (policy === undefined) return 'expired';
    const freshness = freshnessOf(policy, repository.name, tag);
    const lifetime = new TagLifetime(freshness, policy.staleIfError, this.#now);
    if (lifetime.isFresh(entry)) return 'fresh';
    return lifetime.isUsable(entry) ? 'stale' : 'expired';
  }
}
