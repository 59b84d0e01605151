import type { ReferrersPage, TagPage } from '../upstream/upstream.ts';
import type { Store } from '../store/store.ts';
import { Absences } from './absences.ts';
import { BlobFills } from './blobFills.ts';
import { Blobs } from './blobs.ts';
import { Completeness } from './completeness.ts';
import { Deliverability } from './deliverability.ts';
import { HeldManifests } from './heldManifests.ts';
import { ManifestFetcher } from './manifestFetcher.ts';
import { Manifests } from './manifests.ts';
import { ManifestSupply } from './manifestSupply.ts';
import { Memberships } from './memberships.ts';
import type { MirroredUpstreams } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';
import { MovedTags } from './movedTags.ts';
import { Namespaces, type NamespaceRule, type PrivateAccess } from './namespaces.ts';
import { Referrers } from './referrers.ts';
import { ManifestRequirements } from './requirements.ts';
import { ShortLivedCache } from './shortLivedCache.ts';
import { TagLists } from './tagLists.ts';
import { TagResolver } from './tagResolver.ts';
import { Visibility } from './visibility.ts';

/** What a {@link Mirror} is made of. */
export interface MirrorOptions {
  readonly store: Store;
  readonly upstreams: MirroredUpstreams;
  readonly observer: MirrorObserver;
  /** To whom private repositories are served, where `namespaces` does not say otherwise. */
  readonly privateAccess: PrivateAccess;
  readonly namespaces?: readonly NamespaceRule[];
  /** Milliseconds for which it is remembered that a repository is public; an hour if not said. */
  readonly visibilityFreshness?: number | undefined;
  /** Never ask an upstream. */
  readonly offline: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that only goes forward; the upstreams must use the same one. */
  readonly monotonicNow: () => number;
  /** Milliseconds to wait before each resume of a broken blob transfer. */
  readonly resumeDelays?: readonly number[];
}

// The first resume starts at once: most breaks are a connection that was reset.
const defaultResumeDelays = [0, 250, 1000, 2000, 4000];
const listFreshness = 30_000;
const listMemory = 16 * 1024 * 1024;

/** The policy: where the bytes of an answer come from. */
export class Mirror {
  readonly upstreams: MirroredUpstreams;
  readonly visibility: Visibility;
  readonly manifests: Manifests;
  readonly blobs: Blobs;
  readonly tagLists: TagLists;
  readonly referrers: Referrers;
  readonly fills: BlobFills;

  constructor(options: MirrorOptions) {
    const { store, observer, offline, now, monotonicNow } = options;
    const { blobs, catalog } = store;
    const requirements = new ManifestRequirements(blobs);
    const memberships = new Memberships({ catalog, requirements, blobs, now });
    const absences = new Absences(monotonicNow);
    const fetcher = new ManifestFetcher(blobs, memberships, observer);
    const list = { freshness: listFreshness, maxSize: listMemory, offline, now };
    this.upstreams = options.upstreams;
    const { privateAccess, namespaces = [], visibilityFreshness: freshness } = options;
    this.visibility = new Visibility({
      catalog,
      namespaces: new Namespaces(privateAccess, namespaces),
      offline,
      freshness,
      now,
    });
    const { resumeDelays = defaultResumeDelays } = options;
    this.fills = new BlobFills({ blobs, memberships, observer, resumeDelays, monotonicNow });
    const { fills } = this;
    this.blobs = new Blobs({ ...options, blobs, memberships, absences, fills, resumeDelays });
    const completeness = new Completeness(blobs, memberships, requirements);
    const supply = new ManifestSupply({ memberships, absences, fetcher, offline, monotonicNow });
    const held = new HeldManifests(blobs);
    this.manifests = new Manifests({
      held,
      memberships,
      absences,
      supply,
      completeness,
      tags: new TagResolver({
        catalog,
        memberships,
        absences,
        fetcher,
        completeness,
        offline,
        now,
      }),
      deliverability: new Deliverability({ completeness, supply, offline, monotonicNow }),
      moved: new MovedTags({ held, memberships, requirements, completeness, supply }),
    });
    this.tagLists = new TagLists(new ShortLivedCache<TagPage>(list), memberships, absences);
    const referrers = new ShortLivedCache<ReferrersPage>(list);
    this.referrers = new Referrers(referrers, this.manifests, memberships, absences);
  }

  /** Ends what is under way in the background. */
  async stop(): Promise<void> {
    await this.fills.stop();
  }
}
