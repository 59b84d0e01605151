import assert from 'node:assert/strict';
import { Memberships } from '../../src/mirror/memberships.ts';
import { MirroredUpstreams, type MirroredUpstream } from '../../src/mirror/mirroredUpstream.ts';
import { ManifestRequirements } from '../../src/mirror/requirements.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { tagKey, type Catalog, type Repository, type TagEntry } from '../../src/store/catalog.ts';
import type { BlobStore, BlobStoreOptions } from '../../src/store/blobStore.ts';
import { Arrivals } from '../../src/upkeep/arrivals.ts';
import { Garbage } from '../../src/upkeep/removal/garbage.ts';
import { ImageGraph } from '../../src/upkeep/imageGraph.ts';
import { ImageSelector } from '../../src/upkeep/imageSelector.ts';
import { PinnedImages } from '../../src/upkeep/removal/pins.ts';
import { Purge } from '../../src/upkeep/removal/purge.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { fillBlob, openTestStore, type TestStore } from '../store/testStore.ts';
import type { BlobContent } from '../support/blobContent.ts';
import { eachImage, type ImageContent, type ManifestContent } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock, type ManualClock } from '../support/manualClock.ts';

/** What is noted of a tag besides its digest. */
export type TagNotes = Partial<Pick<TagEntry, 'checkedAt' | 'earlier'>>;

/** A store that images can be put into as pulls would, and what an operator does to it. */
export interface UpkeepScene extends TestStore {
  readonly clock: ManualClock;
  readonly catalog: Catalog;
  readonly memberships: Memberships;
  readonly purge: Purge;
  readonly garbage: Garbage;
  readonly selector: ImageSelector;
  pins(patterns: readonly string[]): PinnedImages;
  /** Puts all of an image into the store, under a name with a tag or without one. */
  hold(name: string, image: ImageContent, notes?: TagNotes): Promise<void>;
  /** Puts a blob into the store and under a repository, in no image. */
  holdBlob(repository: string, blob: BlobContent): Promise<void>;
  /** Has a tag stand for an image, whether or not that is held. */
  tag(name: string, image: ImageContent, notes?: TagNotes): Promise<void>;
  repository(name: string): Repository;
  isMember(repository: string, digest: Digest): Promise<boolean>;
  /** Whether a tag has an entry. */
  isKnown(name: string): Promise<boolean>;
}

const hour = 3_600_000;

/** Opens one with the upstreams docker.io, where tags are fresh for an hour and usable for a day, and ghcr.io. */
export async function openUpkeep(
  t: Lifetime,
  options: Partial<BlobStoreOptions> & { readonly directory?: string } = {},
): Promise<UpkeepScene> {
  const clock = manualClock();
  const opened = await openTestStore(t, { now: clock, ...options });
  const { blobs, store } = opened;
  const { catalog } = store;
  const memberships = new Memberships({
    catalog,
    requirements: new ManifestRequirements(blobs),
    blobs,
    now: clock,
  });
  const upstreams = new MirroredUpstreams(['docker.io', 'ghcr.io'].map(mirrored), 'docker.io');
  const selector = new ImageSelector(upstreams);
  const graph = new ImageGraph(blobs);
  const repository = (name: string): Repository => {
    const { host, name: path } = selector.name(name).repository;
    return { host, name: path };
  };
  const tag = async (name: string, { manifest }: ImageContent, notes: TagNotes = {}) => {
    const { reference } = selector.name(name);
    assert.equal(reference.kind, 'tag');
    const { digest, mediaType } = manifest;
    await memberships.confirm(
      repository(name),
      digest,
      await memberships.generation(repository(name)),
    );
    const entry = { digest, mediaType, checkedAt: clock(), ...notes };
    await catalog.tags.set(tagKey(repository(name), reference.tag), entry);
  };
  const add = async (name: string, digests: readonly Digest[]) => {
    const generation = await memberships.generation(repository(name));
    await memberships.add(repository(name), digests, generation);
  };
  return {
    ...opened,
    clock,
    catalog,
    memberships,
    selector,
    purge: new Purge({ store, graph, selector }),
    garbage: new Garbage({ store, graph, upstreams, arrivals: new Arrivals(), now: clock }),
    pins: (patterns) =>
      new PinnedImages({ store, graph, patterns: patterns.map((one) => selector.pattern(one)) }),
    repository,
    tag,
    async hold(name, image, notes) {
      for (const { manifest, blobs: parts } of eachImage(image)) {
        await add(
          name,
          [manifest, ...parts].map(({ digest }) => digest),
        );
        await holdManifest(blobs, manifest);
        for (const part of parts) await holdOnce(blobs, part);
      }
      const isTagged = selector.name(name).reference.kind === 'tag' && /:[^/]*$/.test(name);
      if (isTagged) await tag(name, image, notes);
    },
    async holdBlob(name, blob) {
      await add(name, [blob.digest]);
      await holdOnce(blobs, blob);
    },
    isMember: (name, digest) => memberships.has(repository(name), digest),
    async isKnown(name) {
      const { reference } = selector.name(name);
      assert.equal(reference.kind, 'tag');
      return (await catalog.tags.get(tagKey(repository(name), reference.tag))) !== undefined;
    },
  };
}

/** Which of these are held. */
export function heldOf({ blobs }: TestStore, digests: readonly Digest[]): readonly Digest[] {
  return digests.filter((digest) => blobs.describe(digest) !== undefined);
}

/** All digests of an image, those of its platforms included. */
export function digestsOf(image: ImageContent): Digest[] {
  return [...eachImage(image)].flatMap(({ manifest, blobs }) =>
    [manifest, ...blobs].map(({ digest }) => digest),
  );
}

async function holdManifest(blobs: BlobStore, manifest: ManifestContent): Promise<void> {
  const { digest, bytes, mediaType } = manifest;
  if (blobs.describe(digest) === undefined) await blobs.put(digest, bytes, mediaType);
}

async function holdOnce(blobs: BlobStore, blob: BlobContent): Promise<void> {
  if (blobs.describe(blob.digest) === undefined) await fillBlob(blobs, blob);
}

/** Nobody asks it anything. */
function mirrored(host: string): MirroredUpstream {
  return {
    upstream: { host } as Upstream,
    policy: { tagRules: [], tagFreshness: hour, absentFreshness: 0, staleIfError: 24 * hour },
    aliases: [],
    impliesLibrary: host === 'docker.io',
  };
}
