import assert from 'node:assert/strict';
import type { Digest } from '../../../src/registry/digest.ts';
import type { Held } from '../../../src/store/blobIndex.ts';
import type { ImageContent } from '../../support/images.ts';
import {
  allImages,
  closureOf,
  imageAt,
  manifests,
  needsOf,
  placeAt,
  places,
  placesIn,
  sizes,
  type Holding,
} from './cacheModelImages.ts';

const hour = 3_600_000;
// Of a tag, as test mirrors have it: fresh for an hour, usable for a day more while the upstream fails.
const freshFor = hour;
const usableFor = 25 * hour;

/** What one step asked the cache for, and may have had it do. */
export interface Asked {
  /** What was asked for, and what the cache may have looked at for that. */
  readonly touched: ReadonlySet<Digest>;
  /** What clients have got; the cache counts it as used. */
  readonly got: ReadonlySet<Digest>;
  /** What may be gone on purpose. */
  readonly removed: ReadonlySet<Digest>;
}

interface KnownTag {
  readonly image: ImageContent;
  readonly checkedAt: number;
  /** Whether a client saw it, and no process was killed meanwhile. */
  readonly isCertain: boolean;
}

/**
 * What an ideal cache would know and hold. It follows what clients get and looks at what is held: what is
 * gone must have been the right thing to go, and what was used when must be known still.
 */
export class CacheModel {
  /** What each place stands for upstream, by number. */
  readonly targets = places.map((_, index) => imageAt(index));
  /** What the cache may believe of each place. */
  readonly #known = places.map(() => new Array<KnownTag>());
  /** All that it may ever have believed since it was purged, for it goes back where the new one is not whole. */
  readonly #believed = places.map(() => new Set<ImageContent>());
  /** What clients got, by repository, since that was purged. */
  readonly #members = new Map<string, Set<Digest>>();
  /** What the cache may have of a repository, by repository, since all of it was purged. */
  readonly #possible = new Map<string, Set<Digest>>();
  /** When each digest was used at the earliest and at the latest, as far as that is known. */
  readonly #uses = new Map<Digest, { least: number; most: number }>();
  pinned: ReadonlySet<Digest> = new Set();

  /** What the place stands for upstream. */
  target(place: number): ImageContent {
    return this.targets[place] ?? imageAt(place);
  }

  /** The images that a pull by tag may give, with the upstream there or not. */
  answers(place: number, now: number, isUp: boolean): Set<ImageContent> {
    const fresh = this.#knownAt(place).filter((known) => isFresh(known, now));
    const believed = isUp ? fresh.map(({ image }) => image) : (this.#believed[place] ?? []);
    return new Set([...believed, this.target(place)]);
  }

  /** The image that the cache must be able to serve by tag on its own, if it holds it. */
  answersAlone(place: number, now: number): ImageContent | undefined {
    const [one, ...others] = this.#knownAt(place);
    if (one === undefined || others.length > 0 || !one.isCertain) return undefined;
    return now - one.checkedAt <= usableFor ? one.image : undefined;
  }

  /** A client got the image by its tag. */
  gotTag(place: number, image: ImageContent, now: number, isUp: boolean): void {
    const known = this.#knownAt(place);
    this.#believed[place]?.add(image);
    const wasAsked = !known.some((one) => isFresh(one, now));
    if (isUp && wasAsked) this.#known[place] = [{ image, checkedAt: now, isCertain: true }];
  }

  /** Nobody knows whether a pull by tag got as far as to note it. */
  mayHaveGotTag(place: number, now: number): void {
    const image = this.target(place);
    this.#believed[place]?.add(image);
    this.#knownAt(place).push({ image, checkedAt: now, isCertain: false });
  }

  /** A client asked for these under the place's repository while the upstream was there. */
  asked(place: number, digests: Iterable<Digest>): void {
    const { repository } = placeAt(place);
    this.#possible.set(repository, new Set([...this.#possibleIn(repository), ...digests]));
  }

  /** Whether clients got all of these under the place's repository. */
  isMember(place: number, digests: ReadonlySet<Digest>): boolean {
    return digests.isSubsetOf(this.#membersOf(placeAt(place).repository));
  }

  /** Nobody gets without the upstream what was never asked for under a repository, or was purged. */
  judgeAlone(place: number, got: Iterable<Digest>): void {
    const possible = this.#possibleIn(placeAt(place).repository);
    for (const digest of got) assert.ok(possible.has(digest), `${digest} was served on its own`);
  }

  /** A client got these under the place's repository. */
  got(place: number, digests: Iterable<Digest>): void {
    const { repository } = placeAt(place);
    this.#members.set(repository, new Set([...this.#membersOf(repository), ...digests]));
  }

  /**
   * The place was purged, or all of its repository; says what may be gone by that, which is what no image needs
   * that the cache knows by its manifest.
   */
  purge(place: number, all: boolean, held: Holding): Set<Digest> {
    const { repository } = placeAt(place);
    const purged = all ? placesIn(repository) : [place];
    const gone = new Set(
      purged.flatMap((one) =>
        [...(this.#believed[one] ?? [])].flatMap((each) => [...closureOf(each)]),
      ),
    );
    const members = this.#membersOf(repository);
    this.#members.set(repository, all ? new Set() : members.difference(gone));
    if (all) this.#possible.delete(repository);
    for (const one of purged) {
      this.#known[one] = [];
      this.#believed[one] = new Set();
    }
    return this.#removable(held);
  }

  /** What may be gone by a collection of garbage. */
  collect(held: Holding): Set<Digest> {
    const members = [...this.#members.values()].flatMap((some) => [...some]);
    return this.#removable(held).difference(new Set(members));
  }

  #removable(held: Holding): Set<Digest> {
    const needed = places.flatMap(({ repository }, index) => {
      const members = this.#membersOf(repository);
      const isThere = (digest: Digest): boolean => held.has(digest) && members.has(digest);
      const [one] = this.#knownAt(index);
      const tagged = one?.isCertain === true ? [one.image] : [];
      const untagged = allImages.filter(({ manifest }) => members.has(manifest.digest));
      return [...tagged, ...untagged].flatMap((image) => [...needsOf(image, isThere)]);
    });
    return new Set(sizes.keys()).difference(new Set(needed));
  }

  #knownAt(place: number): KnownTag[] {
    return this.#known[place] ?? [];
  }

  #possibleIn(repository: string): Set<Digest> {
    return this.#possible.get(repository) ?? new Set();
  }

  #membersOf(repository: string): Set<Digest> {
    return this.#members.get(repository) ?? new Set();
  }

  /** Judges a step by what was held before and after. */
  judge(before: Holding, after: Holding, asked: Asked, now: number, maxSize: number): void {
    for (const digest of after.keys())
      assert.ok(sizes.has(digest), `${digest} was never asked for`);
    this.#noteUses(before, after, asked, now);
    const gone = [...before].filter(([digest]) => !after.has(digest) && !asked.removed.has(digest));
    if (gone.length === 0) return;
    for (const [digest] of gone) assert.ok(!this.pinned.has(digest), `${digest} was pinned`);
    this.#judgeNeed(before, asked, maxSize);
    this.#judgeOrder(gone, before, after, asked, now);
  }

  /** The process ended without a word: of what was used lately that may be forgotten. */
  forgetRecentUses(before: Holding, written: Holding): void {
    for (const [digest, use] of this.#uses) {
      const { storedAt = 0 } = before.get(digest) ?? {};
      const { usedAt = 0 } = written.get(digest) ?? {};
      use.least = Math.min(use.least, Math.max(storedAt, usedAt));
    }
  }

  /** What is held must have been used when clients used it, as far as the cache had time to write that down. */
  #noteUses(before: Holding, after: Holding, { touched, got }: Asked, now: number): void {
    for (const [digest, { usedAt = 0 }] of after) {
      const use = this.#uses.get(digest) ?? { least: now, most: now };
      this.#uses.set(digest, use);
      if (touched.has(digest) || !before.has(digest)) use.most = now;
      if (got.has(digest)) use.least = now;
      const { least, most } = use;
      assert.ok(
        usedAt >= least && usedAt <= most,
        `${digest} was last used from ${least} to ${most}, and the cache says ${usedAt}`,
      );
    }
    for (const digest of this.#uses.keys()) if (!after.has(digest)) this.#uses.delete(digest);
  }

  /** Nothing goes while there is room for all that was asked for. */
  #judgeNeed(before: Holding, { touched }: Asked, maxSize: number): void {
    const pinned = [...this.pinned].filter((digest) => before.has(digest));
    const room = maxSize - pinned.reduce((sum, digest) => sum + sizeOf(digest), 0);
    const fresh = [...touched].filter((digest) => !before.has(digest) && sizeOf(digest) <= room);
    const wanted = [...before.keys(), ...fresh].reduce((sum, digest) => sum + sizeOf(digest), 0);
    assert.ok(wanted > maxSize, `evicted with room for all: ${wanted} of ${maxSize} bytes`);
  }

  /** What was used least recently goes first, layers and configs before manifests. */
  #judgeOrder(
    gone: ReadonlyArray<Held>,
    before: Holding,
    after: Holding,
    { touched }: Asked,
    now: number,
  ): void {
    const staying = [...before].filter(
      ([digest]) => after.has(digest) && !touched.has(digest) && !this.pinned.has(digest),
    );
    // Then a manifest may ask for the room of another.
    const isFullOfManifests = [...after.keys()].every(
      (digest) => manifests.has(digest) || this.pinned.has(digest),
    );
    for (const [digest, { usedAt = 0 }] of gone) {
      if (touched.has(digest)) continue;
      const isManifest = manifests.has(digest);
      for (const [other, entry] of staying) {
        if (manifests.has(other) !== isManifest) continue;
        assert.ok(
          usedAt <= (entry.usedAt ?? 0),
          `${digest} had to go, though ${other} was used less recently`,
        );
      }
      const inUse = isManifest && now - usedAt < hour && !isFullOfManifests;
      assert.ok(!inUse, `the manifest ${digest} had to go, though it was used within the hour`);
    }
  }
}

function isFresh({ checkedAt }: KnownTag, now: number): boolean {
  return now - checkedAt <= freshFor;
}

function sizeOf(digest: Digest): number {
  return sizes.get(digest) ?? 0;
}
