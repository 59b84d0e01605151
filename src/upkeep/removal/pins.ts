import type { Digest } from '../../registry/digest.ts';
import { matchesImage, type ImagePattern } from '../../registry/imagePattern.ts';
import { blobsOf } from '../../registry/manifest.ts';
import type { Tag } from '../../registry/reference.ts';
import type { Repository, TagEntry } from '../../store/catalog.ts';
import { repositoryOfKey, splitTagKey } from '../../store/catalogKeys.ts';
import type { Store } from '../../store/store.ts';
import { partsOf, type ImageGraph } from '../imageGraph.ts';
import { KnownRepositories } from '../knownRepositories.ts';
import { Turns } from '../turns.ts';

/** What is pinned. */
export interface PinReport {
  /** Blobs and manifests that are held. */
  readonly count: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Bytes of all that the pinned manifests name, held or not; but for images of an index that nobody pulled. */
  readonly needed: number;
  /** Bytes that the cache may take at most, by its own bound and by what the disk has free. */
  readonly room: number;
  /** Whether what is needed is more than there is room for. */
  readonly exceeds: boolean;
}

/** What {@link PinnedImages} works with. */
export interface PinnedImagesParts {
  readonly store: Pick<Store, 'blobs' | 'catalog'>;
  readonly graph: ImageGraph;
  /** Of `storage.pin`, as `ImageSelector.pattern` reads them. */
  readonly patterns: readonly ImagePattern[];
}

/** What a manifest names. */
interface NamedPart {
  readonly digest: Digest;
  /** Bytes that it takes once the image is held whole, as the manifest claims; of a manifest 0. */
  readonly size: number;
}

/** What is pinned now. */
interface Pins {
  readonly digests: ReadonlySet<Digest>;
  /** Those of them that are not held, as far as their sizes are known. */
  readonly lacking: readonly NamedPart[];
}

// Of refreshes, one every few seconds: after so many the memberships are read in any case.
const membersEvery = 60;

/**
 * Keeps the store from evicting what `storage.pin` names.
 *
 * What that is changes with each tag that moves, and nobody is told of it: it is looked up anew every few
 * seconds, which spares the way of a pull any thought of it. An image that is younger than that is the last
 * that an eviction would take. For this to be cheap the memberships, which are many, are read only when
 * other manifests are held than before, and of each manifest it is remembered what it names, with the sizes.
 */
export class PinnedImages {
  readonly #parts: PinnedImagesParts;
  /** The patterns that are also for images that no tag stands for. */
  readonly #byDigest: readonly ImagePattern[];
  /** What manifests name that are pinned. */
  #named = new Map<Digest, readonly NamedPart[]>();
  #pinned: ReadonlySet<Digest> = new Set();
  /** The manifests that are pinned without regard to a tag. */
  #members: ReadonlySet<Digest> = new Set();
  /** Tells whether manifests have come or gone since the memberships were read. */
  #manifests = '';
  #refreshes = 0;

  constructor(parts: PinnedImagesParts) {
    this.#parts = parts;
    this.#byDigest = parts.patterns.filter(({ digest }) => digest !== undefined);
  }

  /**
   * Pins what matching tags stand for now, with what they stood for before while that is kept, and the images
   * whose digest matches; whether or not all of them is held yet. To be called before anything is evicted, and every few seconds.
   */
  async refresh(): Promise<PinReport> {
    const { patterns, store } = this.#parts;
    if (patterns.length === 0) return this.#report([]);
    const roots = await this.#tagged();
    for (const digest of await this.#untagged()) roots.add(digest);
    const { digests, lacking } = await this.#complete(roots);
    if (!(await isSame(digests, this.#pinned))) await store.blobs.pin(digests);
    this.#pinned = digests;
    return this.#report(lacking);
  }

  /** The store never holds more than there is room for: what tells that it is too little is what is lacking. */
  async #report(lacking: readonly NamedPart[]): Promise<PinReport> {
    const { blobs } = this.#parts.store;
    const room = await blobs.room();
    const { count, bytes } = blobs.usage.pinned;
    // Some of it may have come in meanwhile.
    const sizes = lacking.map(({ digest, size }) => (blobs.describe(digest) ? 0 : size));
    const needed = sizes.reduce((sum, size) => sum + size, bytes);
    return { count, bytes, needed, room, exceeds: needed > room };
  }

  /** What matching tags stand for, and stood for before. */
  async #tagged(): Promise<Set<Digest>> {
    const found = new Set<Digest>();
    const concerned = new Map<string, Repository | undefined>();
    for await (const page of this.#parts.store.catalog.tags.pages()) {
      for (const [key, entry] of page) {
        const parts = splitTagKey(key);
        if (parts === undefined) continue;
        if (!concerned.has(parts.repository)) {
          concerned.set(parts.repository, this.#concerned(parts.repository));
        }
        const repository = concerned.get(parts.repository);
        if (repository === undefined) continue;
        for (const digest of this.#pinnedBy(repository, parts.tag, entry)) found.add(digest);
      }
    }
    return found;
  }

  /** The repository of a key, if a pattern can be for an image of it. */
  #concerned(key: string): Repository | undefined {
    const repository = repositoryOfKey(key);
    if (repository === undefined) return undefined;
    const { host, name } = repository;
    const isConcerned = this.#parts.patterns.some(
      (one) => (one.host === undefined || one.host.matches(host)) && one.repository.matches(name),
    );
    return isConcerned ? repository : undefined;
  }

  #pinnedBy(repository: Repository, tag: Tag, { digest, earlier }: TagEntry): Digest[] {
    const before = earlier === undefined ? [] : [earlier.digest];
    if (this.#matches(repository, tag, digest)) return [digest, ...before];
    return before.filter((one) => this.#matches(repository, tag, one));
  }

  #matches(repository: Repository, tag: Tag | undefined, digest: Digest): boolean {
    // What a tag stood for long ago would otherwise stay with its repository, and be more with each week.
    const patterns = tag === undefined ? this.#byDigest : this.#parts.patterns;
    return patterns.some((one) => matchesImage(one, { repository, tag, digest }));
  }

  /** The manifests that patterns with a digest are for, whether or not a tag stands for them. */
  async #untagged(): Promise<ReadonlySet<Digest>> {
    const { store } = this.#parts;
    if (this.#byDigest.length === 0) return this.#members;
    const { count, bytes } = store.blobs.usage.manifests;
    const manifests = `${count} ${bytes}`;
    const isDue = this.#refreshes % membersEvery === 0;
    this.#refreshes += 1;
    if (!isDue && manifests === this.#manifests) return this.#members;
    this.#manifests = manifests;
    this.#members = await this.#readMembers();
    return this.#members;
  }

  async #readMembers(): Promise<ReadonlySet<Digest>> {
    const { blobs, catalog } = this.#parts.store;
    const found = new Set<Digest>();
    const turns = new Turns();
    const isManifest = (digest: Digest) => blobs.describe(digest)?.mediaType !== undefined;
    const repositories = await KnownRepositories.read(catalog, isManifest);
    for (const [key, { repository, members }] of repositories) {
      await turns.next();
      if (this.#concerned(key) === undefined) continue;
      for (const digest of members) {
        if (isManifest(digest) && this.#matches(repository, undefined, digest)) found.add(digest);
        await turns.next();
      }
    }
    return found;
  }

  /** With all that they need, as far as their manifests are held. */
  async #complete(roots: ReadonlySet<Digest>): Promise<Pins> {
    const { blobs } = this.#parts.store;
    const found = new Set(roots);
    const lacking: NamedPart[] = [];
    const named = new Map<Digest, readonly NamedPart[]>();
    const turns = new Turns();
    // It grows meanwhile.
    for (const digest of found) {
      await turns.next();
      const parts = this.#named.get(digest) ?? (await this.#read(digest));
      if (parts === undefined) continue;
      named.set(digest, parts);
      const isHeld = blobs.describe(digest) !== undefined;
      for (const part of parts) {
        if (found.has(part.digest)) continue;
        found.add(part.digest);
        const isLacking = isHeld && part.size > 0 && blobs.describe(part.digest) === undefined;
        if (isLacking) lacking.push(part);
      }
    }
    this.#named = named;
    return { digests: found, lacking };
  }

  async #read(digest: Digest): Promise<readonly NamedPart[] | undefined> {
    const manifest = await this.#parts.graph.manifest(digest);
    if (manifest === undefined) return undefined;
    // What clients fetch elsewhere takes room only where it is here all the same.
    const sizes = new Map(blobsOf(manifest)?.map((blob) => [blob.digest, blob.size]));
    return partsOf(manifest).map((part) => ({ digest: part, size: sizes.get(part) ?? 0 }));
  }
}

async function isSame(one: ReadonlySet<Digest>, other: ReadonlySet<Digest>): Promise<boolean> {
  if (one.size !== other.size) return false;
  const turns = new Turns();
  for (const digest of one) {
    if (!other.has(digest)) return false;
    await turns.next();
  }
  return true;
}
