import type { Digest } from '../../registry/digest.ts';
import type { Tag } from '../../registry/reference.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import {
  membershipKey,
  type Catalog,
  type MembershipEntry,
  type Repository,
  type RepositoryEntry,
  type TagEntry,
} from '../../store/catalog.ts';
import { repositoryOfKey, splitMembershipKey, splitTagKey } from '../../store/catalogKeys.ts';
import type { Expiry } from './expiry.ts';
import { partsOf, type ImageGraph } from '../imageGraph.ts';
import { Turns } from '../turns.ts';

/** What a {@link CatalogSurvey} looks at. */
export interface SurveyParts {
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  readonly graph: ImageGraph;
  readonly expiry: Expiry;
}

/** What was seen of one repository. */
interface Seen {
  readonly tags: { readonly key: string; readonly tag: Tag; readonly entry: TagEntry }[];
  /** Members that are held manifests. */
  readonly manifests: Digest[];
  /** Members of which nothing is held, and which nothing may be about to bring. */
  readonly absent: Digest[];
  /** How many tags and memberships it keeps. */
  kept: number;
}

/**
 * One look at the whole catalog, in pages, while pulls go on: what it found may be out of date and has to be
 * looked at again before anything is done about it.
 */
export class CatalogSurvey {
  /** Keys of tags that have expired. */
  readonly tags: string[] = [];
  /** Keys of memberships that have expired. */
  readonly memberships: string[] = [];
  /** What is held, and no repository that still counts has it. */
  readonly unreferenced = new Set<Digest>();
  readonly #parts: SurveyParts;
  readonly #turns = new Turns();
  readonly #repositories = new Map<string, RepositoryEntry>();
  readonly #seen = new Map<string, Seen>();
  /** Keys of the memberships that tags stand on, and then of those that are missing. */
  readonly #unvouched = new Set<string>();

  private constructor(parts: SurveyParts) {
    this.#parts = parts;
  }

  /** Looks at everything. */
  static async take(parts: SurveyParts): Promise<CatalogSurvey> {
    const survey = new CatalogSurvey(parts);
    await survey.#readRepositories();
    await survey.#readBlobs();
    await survey.#readTags();
    await survey.#readMemberships();
    for (const [key, seen] of survey.#seen) {
      const repository = repositoryOfKey(key);
      if (repository === undefined) continue;
      const staying = await survey.#judgeTags(repository, seen);
      await survey.#judgeAbsent(repository, seen, staying);
    }
    return survey;
  }

  /** The entries of the repositories that keep neither tags nor memberships. */
  *emptyRepositories(): Generator<readonly [string, RepositoryEntry]> {
    for (const one of this.#repositories) {
      if ((this.#seen.get(one[0])?.kept ?? 0) === 0) yield one;
    }
  }

  async #readRepositories(): Promise<void> {
    for await (const page of this.#parts.catalog.repositories.pages()) {
      for (const [key, entry] of page) {
        if (repositoryOfKey(key) !== undefined) this.#repositories.set(key, entry);
      }
    }
  }

  async #readBlobs(): Promise<void> {
    for (const [digest] of this.#parts.blobs.held()) {
      this.unreferenced.add(digest);
      await this.#turns.next();
    }
  }

  async #readTags(): Promise<void> {
    for await (const page of this.#parts.catalog.tags.pages()) {
      for (const [key, entry] of page) this.#readTag(key, entry);
    }
  }

  #readTag(key: string, entry: TagEntry): void {
    const parts = splitTagKey(key);
    const repository = parts && repositoryOfKey(parts.repository);
    if (parts === undefined || repository === undefined) return;
    this.#of(parts.repository).tags.push({ key, tag: parts.tag, entry });
    this.#unvouched.add(membershipKey(repository, entry.digest));
  }

  async #readMemberships(): Promise<void> {
    for await (const page of this.#parts.catalog.memberships.pages()) {
      for (const [key, entry] of page) this.#readMembership(key, entry);
    }
  }

  #readMembership(key: string, entry: MembershipEntry): void {
    const parts = splitMembershipKey(key);
    if (parts === undefined) return;
    if (this.#isFormer(parts.repository, entry)) this.memberships.push(key);
    else this.#readMember(key, parts.repository, parts.digest, entry);
  }

  #isFormer(repository: string, { generation }: MembershipEntry): boolean {
    return generation !== (this.#repositories.get(repository)?.generation ?? 0);
  }

  #readMember(key: string, repository: string, digest: Digest, entry: MembershipEntry): void {
    const { blobs, expiry } = this.#parts;
    this.#unvouched.delete(key);
    this.unreferenced.delete(digest);
    const seen = this.#of(repository);
    seen.kept += 1;
    if (expiry.ofMembership(digest, entry)) seen.absent.push(digest);
    else if (blobs.describe(digest)?.mediaType !== undefined) seen.manifests.push(digest);
  }

  /** Says what the tags that stay stand for, and stood for. */
  async #judgeTags(repository: Repository, seen: Seen): Promise<Digest[]> {
    const staying: Digest[] = [];
    for (const { key, tag, entry } of seen.tags) {
      await this.#turns.next();
      const former = this.#unvouched.has(membershipKey(repository, entry.digest));
      if (former || this.#parts.expiry.ofTag(repository, tag, entry)) {
        this.tags.push(key);
        continue;
      }
      seen.kept += 1;
      staying.push(entry.digest, ...(entry.earlier === undefined ? [] : [entry.earlier.digest]));
    }
    for (const digest of staying) this.unreferenced.delete(digest);
    return staying;
  }

  /** What a tag or a held manifest names stays a member, or its next pull would have to ask for it. */
  async #judgeAbsent(
    repository: Repository,
    seen: Seen,
    staying: readonly Digest[],
  ): Promise<void> {
    const unnamed = new Set(seen.absent);
    for (const digest of staying) unnamed.delete(digest);
    for (const manifest of seen.manifests) {
      if (unnamed.size === 0) return;
      await this.#turns.next();
      const parsed = await this.#parts.graph.manifest(manifest);
      for (const part of parsed === undefined ? [] : partsOf(parsed)) unnamed.delete(part);
    }
    for (const digest of unnamed) this.memberships.push(membershipKey(repository, digest));
    seen.kept -= unnamed.size;
  }

  #of(repository: string): Seen {
    const seen = this.#seen.get(repository) ?? { tags: [], manifests: [], absent: [], kept: 0 };
    this.#seen.set(repository, seen);
    return seen;
  }
}
