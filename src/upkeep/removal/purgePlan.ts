import type { Digest } from '../../registry/digest.ts';
import { membershipKey, type Catalog } from '../../store/catalog.ts';
import { repositoryOfKey, splitMembershipKey, splitTagKey } from '../../store/catalogKeys.ts';
import { partsOf } from '../imageGraph.ts';
import { KnownRepositories, type KnownRepository } from '../knownRepositories.ts';
import { RepositoryPurge, type RepositoryPurgeParts } from './repositoryPurge.ts';
import { Turns } from '../turns.ts';

/** What a {@link PurgePlan} is made from. */
export interface PurgePlanParts extends RepositoryPurgeParts {
  readonly catalog: Catalog;
}

/** What a purge removes. Made while pulls go on, it changes nothing. */
export class PurgePlan {
  /** The whole names of the images, those of tags first. */
  images: readonly string[] = [];
  /** Keys of tags. */
  readonly tags = new Set<string>();
  /** By their keys, tags that stay but lose what they stood for before. */
  readonly earlier = new Map<string, Digest>();
  /** Keys of memberships. */
  readonly memberships = new Set<string>();
  /** Blobs and manifests, held or not. */
  readonly contents = new Set<Digest>();
  /** What the images consist of and what stays, for others need it. */
  readonly kept = new Set<Digest>();
  readonly #parts: PurgePlanParts;
  readonly #turns = new Turns();
  readonly #purges = new Map<string, RepositoryPurge>();
  /** Whether all of a repository goes, by its key. */
  readonly #whole = new Map<string, boolean>();
  /** What was in a repository that goes as a whole, and in none of its images. */
  readonly #loose = new Set<Digest>();

  private constructor(parts: PurgePlanParts) {
    this.#parts = parts;
  }

  /** Finds out what is like the patterns, and who else needs it. */
  static async make(parts: PurgePlanParts): Promise<PurgePlan> {
    const plan = new PurgePlan(parts);
    const isHeld = (digest: Digest) => parts.blobs.describe(digest) !== undefined;
    const repositories = await KnownRepositories.read(parts.catalog, isHeld);
    for (const [key, known] of repositories) await plan.#read(key, known);
    await plan.#readWhole();
    for (const [key, known] of repositories) await plan.#spare(key, known);
    for (const digest of plan.#loose) plan.contents.add(digest);
    for (const digest of plan.contents) plan.kept.delete(digest);
    const purges = [...plan.#purges.values()];
    plan.images = [...plan.tags, ...purges.flatMap(({ untagged }) => untagged)];
    await plan.#addFormerTags();
    return plan;
  }

  async #read(key: string, known: KnownRepository): Promise<void> {
    await this.#turns.next();
    const purge = await RepositoryPurge.of(known, this.#parts);
    if (purge === undefined) return;
    this.#purges.set(key, purge);
    for (const tag of purge.tags) this.tags.add(tag);
    for (const [tag, digest] of purge.earlier) this.earlier.set(tag, digest);
    for (const digest of purge.purged) {
      await this.#turns.next();
      this.kept.add(digest);
      if (purge.staying.has(digest)) continue;
      this.contents.add(digest);
      this.memberships.add(membershipKey(known.repository, digest));
    }
  }

  /** Memberships of repositories that go as a whole, be they of a former generation. */
  async #readWhole(): Promise<void> {
    for await (const page of this.#parts.catalog.memberships.pages()) {
      for (const [key] of page) {
        const { repository, digest } = splitMembershipKey(key) ?? {};
        if (repository === undefined || digest === undefined) continue;
        if (!this.#goesWhole(repository)) continue;
        this.memberships.add(key);
        if (!this.contents.has(digest)) this.#loose.add(digest);
      }
    }
  }

  async #addFormerTags(): Promise<void> {
    for await (const page of this.#parts.catalog.tags.pages()) {
      for (const [key] of page) {
        const repository = splitTagKey(key)?.repository;
        if (repository !== undefined && this.#goesWhole(repository)) this.tags.add(key);
      }
    }
  }

  #goesWhole(key: string): boolean {
    const known = this.#whole.get(key);
    if (known !== undefined) return known;
    const repository = repositoryOfKey(key);
    // Each pattern is asked: it wants to know whether anything was like it.
    const taking = this.#parts.patterns.filter((one) => repository && one.takesAll(repository));
    this.#whole.set(key, taking.length > 0);
    return taking.length > 0;
  }

  /** What the images that stay need stays: those of this repository. */
  async #spare(key: string, known: KnownRepository): Promise<void> {
    await this.#turns.next();
    if (this.#goesWhole(key)) return;
    for (const digest of known.members) this.#loose.delete(digest);
    const staying = this.#purges.get(key)?.staying ?? (await this.#neededBy(known));
    for (const digest of staying) {
      this.contents.delete(digest);
      this.#loose.delete(digest);
    }
  }

  /** What of the contents an untouched repository has, through an image. */
  async #neededBy({ tags, members }: KnownRepository): Promise<ReadonlySet<Digest>> {
    const shared = this.contents.intersection(members);
    const needed = new Set<Digest>();
    if (shared.size === 0) return needed;
    for (const { digest, earlier } of tags.values()) {
      needed.add(digest);
      if (earlier !== undefined) needed.add(earlier.digest);
    }
    for (const digest of members) {
      const manifest = await this.#parts.graph.manifest(digest);
      if (manifest === undefined) continue;
      for (const part of [digest, ...partsOf(manifest)]) if (shared.has(part)) needed.add(part);
      await this.#turns.next();
    }
    return needed;
  }
}
