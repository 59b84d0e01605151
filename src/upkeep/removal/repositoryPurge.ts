import type { Digest } from '../../registry/digest.ts';
import { isIndex } from '../../registry/mediaType.ts';
import type { Tag } from '../../registry/reference.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import { membershipKey, tagKey, type TagEntry } from '../../store/catalog.ts';
import { partsOf, type ImageGraph } from '../imageGraph.ts';
import type { KnownRepository } from '../knownRepositories.ts';
import type { PurgePattern } from './purgePattern.ts';
import { Turns } from '../turns.ts';

/** What a {@link RepositoryPurge} works with. */
export interface RepositoryPurgeParts {
  readonly blobs: BlobStore;
  readonly graph: ImageGraph;
  readonly patterns: readonly PurgePattern[];
}

/** Which images of one repository are to go, and what they and those that stay consist of. */
export class RepositoryPurge {
  /** The catalog's keys of the tags that go, which are their whole names too. */
  readonly tags: string[] = [];
  /** The whole names of the images without a tag that go. */
  readonly untagged: string[] = [];
  /** By their keys, the tags that stay but lose what they stood for before. */
  readonly earlier = new Map<string, Digest>();
  /** All that the images that go consist of. */
  readonly purged = new Set<Digest>();
  /** All that the images that stay consist of. */
  readonly staying = new Set<Digest>();
  readonly #known: KnownRepository;
  readonly #parts: RepositoryPurgeParts;
  readonly #turns = new Turns();
  /** What the tags stand for, and stood for before. */
  readonly #tagged = new Set<Digest>();

  private constructor(known: KnownRepository, parts: RepositoryPurgeParts) {
    this.#known = known;
    this.#parts = parts;
  }

  /** Finds them; `undefined` when no image of the repository is like a pattern. */
  static async of(
    known: KnownRepository,
    parts: RepositoryPurgeParts,
  ): Promise<RepositoryPurge | undefined> {
    const patterns = parts.patterns.filter((pattern) => pattern.concerns(known.repository));
    if (patterns.length === 0) return undefined;
    const purge = new RepositoryPurge(known, { ...parts, patterns });
    for (const [tag, entry] of known.tags) {
      purge.#readTag(tag, entry);
      await purge.#turns.next();
    }
    await purge.#readUntagged();
    if (purge.purged.size === 0) return undefined;
    await purge.#complete(purge.purged);
    await purge.#complete(purge.staying);
    return purge;
  }

  #readTag(tag: Tag, { digest, earlier }: TagEntry): void {
    const key = tagKey(this.#known.repository, tag);
    const goes = this.#takes(tag, digest);
    if (goes) this.tags.push(key);
    this.#place(digest, goes);
    if (earlier === undefined) return;
    const earlierGoes = goes || this.#takes(tag, earlier.digest);
    if (earlierGoes && !goes) {
      this.earlier.set(key, earlier.digest);
      this.untagged.push(membershipKey(this.#known.repository, earlier.digest));
    }
    this.#place(earlier.digest, earlierGoes);
  }

  #place(digest: Digest, goes: boolean): void {
    this.#tagged.add(digest);
    (goes ? this.purged : this.staying).add(digest);
  }

  /** Manifests that were asked for by digest alone; those in an index go and stay with it. */
  async #readUntagged(): Promise<void> {
    const { repository } = this.#known;
    const manifests = await this.#heldManifests();
    const listed = await this.#listedIn(manifests);
    for (const digest of manifests) {
      if (listed.has(digest) || this.#tagged.has(digest)) continue;
      const goes = this.#takes(undefined, digest);
      if (goes) this.untagged.push(membershipKey(repository, digest));
      (goes ? this.purged : this.staying).add(digest);
      await this.#turns.next();
    }
  }

  async #heldManifests(): Promise<Digest[]> {
    const held: Digest[] = [];
    for (const digest of this.#known.members) {
      if (this.#parts.blobs.describe(digest)?.mediaType !== undefined) held.push(digest);
      await this.#turns.next();
    }
    return held;
  }

  async #listedIn(manifests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    const { blobs, graph } = this.#parts;
    const listed = new Set<Digest>();
    for (const digest of manifests) {
      if (!isIndex(blobs.describe(digest)?.mediaType ?? '')) continue;
      const index = await graph.manifest(digest);
      for (const part of index === undefined ? [] : partsOf(index)) listed.add(part);
      await this.#turns.next();
    }
    return listed;
  }

  /** Adds what the manifests among them need. */
  async #complete(digests: Set<Digest>): Promise<void> {
    // It grows meanwhile; blobs that are no manifests need nothing.
    for (const digest of digests) {
      const manifest = await this.#parts.graph.manifest(digest);
      for (const part of manifest === undefined ? [] : partsOf(manifest)) digests.add(part);
      await this.#turns.next();
    }
  }

  #takes(tag: Tag | undefined, digest: Digest): boolean {
    const { repository } = this.#known;
    // Each of them is asked: it wants to know whether anything was like it.
    const taking = this.#parts.patterns.filter((one) => one.takes(repository, tag, digest));
    return taking.length > 0;
  }
}
