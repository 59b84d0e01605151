import type { Digest } from '../registry/digest.ts';
import { matchesImage, type ImagePattern } from '../registry/imagePattern.ts';
import type { Tag } from '../registry/reference.ts';
import type { Repository, TagEntry } from '../store/catalog.ts';
import { repositoryOfKey, splitTagKey } from '../store/catalogKeys.ts';
import type { Store } from '../store/store.ts';
import { partsOf, type ImageGraph } from './imageGraph.ts';
import { KnownRepositories } from './knownRepositories.ts';
import { Turns } from './turns.ts';

/** What is pinned, as far as it is held. */
export interface PinReport {
  /** Blobs and manifests. */
  readonly count: number;
  readonly bytes: number;
  /** Whether they alone take more than the cache may. */
  readonly exceeds: boolean;
}

/** What {@link PinnedImages} works with. */
export interface PinnedImagesParts {
  readonly store: Pick<Store, 'blobs' | 'catalog'>;
  readonly graph: ImageGraph;
  /** Of `storage.pin`, as `ImageSelector.pattern` reads them. */
  readonly patterns: readonly ImagePattern[];
  /** In bytes; `undefined`: any number. */
  readonly maxSize: number | undefined;
}

// Of refreshes, one every few seconds: after so many the memberships are read in any case.
const membersEvery = 60;

/**
 * Keeps the store from evicting what `storage.pin` names.
 *
 * What that is changes with each tag that moves, and nobody is told of it: it is looked up anew every few
 * seconds, which spares the way of a pull any thought of it. An image that is younger than that is the last
 * that an eviction would take. For this to be cheap the memberships, which are many, are read only when
 * other manifests are held than before, and of each manifest it is remembered what it names.
 */
export class PinnedImages {
  readonly #parts: PinnedImagesParts;
  /** The patterns that are also for images that no tag stands for. */
  readonly #byDigest: readonly ImagePattern[];
  /** What manifests name that are pinned. */
  #named = new Map<Digest, readonly Digest[]>();
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
    const { maxSize = Number.POSITIVE_INFINITY, patterns, store } = this.#parts;
    if (patterns.length === 0) return { count: 0, bytes: 0, exceeds: false };
    const roots = await this.#tagged();
    for (const digest of await this.#untagged()) roots.add(digest);
    const found = await this.#complete(roots);
    if (!(await isSame(found, this.#pinned))) await store.blobs.pin(found);
    this.#pinned = found;
    const { count, bytes } = store.blobs.usage.pinned;
    return { count, bytes, exceeds: bytes > maxSize };
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
  async #complete(roots: ReadonlySet<Digest>): Promise<ReadonlySet<Digest>> {
    const found = new Set(roots);
    const named = new Map<Digest, readonly Digest[]>();
    const turns = new Turns();
    // It grows meanwhile.
    for (const digest of found) {
      await turns.next();
      const parts = this.#named.get(digest) ?? (await this.#read(digest));
      if (parts === undefined) continue;
      named.set(digest, parts);
      for (const part of parts) found.add(part);
    }
    this.#named = named;
    return found;
  }

  async #read(digest: Digest): Promise<readonly Digest[] | undefined> {
    const manifest = await this.#parts.graph.manifest(digest);
    return manifest && partsOf(manifest);
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
