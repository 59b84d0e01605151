import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { MemorySource, type BlobSource } from '../store/blobSource.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { membershipKey, repositoryKey } from '../store/catalog.ts';
import { blobFileName } from '../store/storeLayout.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import type { BlobFill } from './blobFill.ts';
import type { BlobFills } from './blobFills.ts';
import type { Absences } from './absences.ts';
import { asClientError, requireAskable } from './clientError.ts';
import { isDiskRefusal } from './diskRefusal.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { CacheOutcome, MirrorObserver } from './mirrorObserver.ts';
import type { Patience } from './openPatiently.ts';
import { PassThroughSource } from './passThroughSource.ts';
import { SpillingSource } from './spillingSource.ts';

/** A blob to be read; the source is the caller's to close. */
export interface BlobAnswer {
  readonly digest: Digest;
  readonly source: BlobSource;
  readonly outcome: CacheOutcome;
  /** Where all of it lies, below the store's directory of blobs; absent where that is no file of its own. */
  readonly file?: string;
}

/** The parts of the mirror that {@link Blobs} is made of. */
export interface BlobsParts extends Patience {
  readonly blobs: BlobStore;
  readonly memberships: Memberships;
  readonly absences: Absences;
  readonly fills: BlobFills;
  readonly observer: MirrorObserver;
  readonly offline: boolean;
}

/** Blobs, from the store or while they come in. */
export class Blobs {
  readonly #parts: BlobsParts;
  readonly #checks = new SingleFlight<string, boolean>();

  constructor(parts: BlobsParts) {
    this.#parts = parts;
  }

  /**
   * Gets a blob; settles when its bytes can be read, which for one that is not held is as soon as the
   * upstream's headers are in.
   * @throws {RegistryError} when it does not exist under this repository or can't be had
   */
  async get(repository: MirroredRepository, digest: Digest): Promise<BlobAnswer> {
    const { absences, memberships } = this.#parts;
    // Asked for a blob that is not held too: a catalog that fails must not look like a miss.
    const seen = await memberships.has(repository, digest);
    // One that a manifest vouches for is there: storage that can't find it may be behind.
    const sought = seen ? undefined : ({ kind: 'blob', digest } as const);
    absences.refuse(repository, sought);
    try {
      const held = await this.#held(repository, digest, seen);
      if (held !== undefined) return held;
      if (seen || !this.#isFilledElsewhere(repository, digest)) {
        return await this.#fetched(repository, digest);
      }
      // First, for a fill may wait for long: who has no such blob is not to notice that others pull it.
      await this.#requireMembership(repository, digest);
      const filled = await this.#held(repository, digest, true);
      return filled ?? (await this.#fetched(repository, digest));
    } catch (error) {
      absences.note(repository, error, sought);
      await memberships.heed(repository, error);
      throw asClientError(error);
    }
  }

  /** The bytes that {@link get} would answer with, where that is a hit and all of it is known in memory. */
  recall(repository: MirroredRepository, digest: Digest): Buffer | undefined {
    const { absences, blobs, memberships } = this.#parts;
    if (!memberships.recall(repository, digest) || absences.hasNoted(repository)) return undefined;
    return blobs.recall(digest)?.bytes;
  }

  async #held(
    repository: MirroredRepository,
    digest: Digest,
    seen: boolean,
  ): Promise<BlobAnswer | undefined> {
    const { blobs } = this.#parts;
    if (blobs.describe(digest) === undefined) return undefined;
    if (!seen) await this.#requireMembership(repository, digest);
    const source = await blobs.open(digest);
    if (source === undefined) return undefined;
    const outcome = seen ? 'hit' : 'revalidated';
    // What is in memory can't break off, and where nobody may be asked there is no other way.
    if (source instanceof MemorySource) return { digest, source, outcome };
    const file = blobFileName(digest);
    const mayAsk = !this.#parts.offline && repository.audience !== 'unconfirmed';
    if (!mayAsk) return { digest, source, outcome, file };
    return { digest, source: this.#spilling(repository, digest, source), outcome, file };
  }

  #isFilledElsewhere(repository: MirroredRepository, digest: Digest): boolean {
    const fill = this.#parts.fills.promising(repository, digest);
    return fill !== undefined && repositoryKey(fill.repository) !== repositoryKey(repository);
  }

  async #fetched(repository: MirroredRepository, digest: Digest): Promise<BlobAnswer> {
    requireAskable(repository, this.#parts.offline);
    const { fill, joined } = this.#parts.fills.join(repository, digest);
    let source: BlobSource;
    try {
      source = await fill.openSource();
    } catch (error) {
      return this.#afterFailedFill(repository, fill, error);
    }
    try {
      if (!(await this.#isVouchedFor(repository, digest, fill))) {
        await this.#requireMembership(repository, digest);
      }
    } catch (error) {
      await source.close();
      throw error;
    }
    const outcome = joined ? 'joined' : 'miss';
    return { digest, source: this.#spilling(repository, digest, source), outcome };
  }

  /** The upstream's answer to the fill counts for all who ask under its repository, until that is gone. */
  async #isVouchedFor(
    repository: MirroredRepository,
    digest: Digest,
    fill: BlobFill,
  ): Promise<boolean> {
    const { memberships } = this.#parts;
    const isSame = repositoryKey(fill.repository) === repositoryKey(repository);
    if (isSame && fill.generation === (await memberships.generation(repository))) return true;
    // What comes in for somebody who may have private content is not vouched for by naming it.
    if (fill.repository.audience === 'some' && repository.audience !== 'some') return false;
    return memberships.has(repository, digest);
  }

  async #afterFailedFill(
    repository: MirroredRepository,
    { digest, repository: filled }: BlobFill,
    error: unknown,
  ): Promise<BlobAnswer> {
    if (isDiskRefusal(error)) {
      const source = this.#passThrough(repository, digest);
      await source.start();
      return { digest, source, outcome: 'miss' };
    }
    // What another repository lacks, or another upstream fails to do, says nothing about this one.
    const elsewhere = repositoryKey(filled) !== repositoryKey(repository);
    const concernsOther = error instanceof RegistryError || filled.host !== repository.host;
    if (elsewhere && concernsOther) return this.#fetched(repository, digest);
    throw error;
  }

  /** From the disk as far as that goes, and the rest from the upstream. */
  #spilling(repository: MirroredRepository, digest: Digest, source: BlobSource): SpillingSource {
    return new SpillingSource(source, () => this.#passThrough(repository, digest));
  }

  #passThrough(repository: MirroredRepository, digest: Digest): PassThroughSource {
    return new PassThroughSource({ ...this.#parts, repository, digest });
  }

  /** Asks the upstream whether the repository contains the digest; throws if it does not. */
  async #requireMembership(repository: MirroredRepository, digest: Digest): Promise<void> {
    const { memberships, offline } = this.#parts;
    requireAskable(repository, offline);
    const { upstream, name } = repository;
    const found = await this.#checks.run(membershipKey(repository, digest), async () => {
      const generation = await memberships.generation(repository);
      const contained = await upstream.hasBlob(name, digest);
      if (contained) await memberships.add(repository, [digest], generation);
      return contained;
    }).promise;
    if (!found) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
  }
}
