import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { BlobSource } from '../store/blobSource.ts';
import { StoreFullError, type BlobStore } from '../store/blobStore.ts';
import { membershipKey, repositoryKey } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { BlobBody } from '../upstream/upstream.ts';
import type { BlobFill } from './blobFill.ts';
import type { BlobFills } from './blobFills.ts';
import { clientErrorFor, isRepositoryGone, offlineError } from './clientError.ts';
import { isDiskFull } from './diskFull.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { CacheOutcome } from './mirrorObserver.ts';
import { PassThroughSource } from './passThroughSource.ts';

/** A blob to be read; the source is the caller's to close. */
export interface BlobAnswer {
  readonly digest: Digest;
  readonly source: BlobSource;
  readonly outcome: CacheOutcome;
}

/** The parts of the mirror that {@link Blobs} is made of. */
export interface BlobsParts {
  readonly blobs: BlobStore;
  readonly memberships: Memberships;
  readonly fills: BlobFills;
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
    try {
      return (await this.#held(repository, digest)) ?? (await this.#fetched(repository, digest));
    } catch (error) {
      if (isRepositoryGone(error)) await this.#parts.memberships.forget(repository);
      throw error instanceof UpstreamError ? clientErrorFor(error) : error;
    }
  }

  async #held(repository: MirroredRepository, digest: Digest): Promise<BlobAnswer | undefined> {
    const { blobs } = this.#parts;
    if (blobs.describe(digest) === undefined) return undefined;
    const asked = await this.#requireMembership(repository, digest);
    const source = await blobs.open(digest);
    if (source === undefined) return undefined;
    return { digest, source, outcome: asked ? 'revalidated' : 'hit' };
  }

  async #fetched(repository: MirroredRepository, digest: Digest): Promise<BlobAnswer> {
    if (this.#parts.offline) throw offlineError(repository.host);
    const { fill, joined } = this.#parts.fills.join(repository, digest);
    const elsewhere = repositoryKey(fill.repository) !== repositoryKey(repository);
    if (elsewhere) await this.#requireMembership(repository, digest);
    try {
      const growing = await fill.started;
      if (!joined) await this.#parts.memberships.add(repository, [digest]);
      return { digest, source: growing.openSource(), outcome: joined ? 'joined' : 'miss' };
    } catch (error) {
      return this.#afterFailedFill(repository, fill, error);
    }
  }

  async #afterFailedFill(
    repository: MirroredRepository,
    { digest, repository: filled }: BlobFill,
    error: unknown,
  ): Promise<BlobAnswer> {
    if (error instanceof StoreFullError || isDiskFull(error)) {
      return this.#passThrough(repository, digest);
    }
    // That another repository does not have the blob says nothing about this one.
    const elsewhere = repositoryKey(filled) !== repositoryKey(repository);
    if (elsewhere && error instanceof RegistryError) return this.#fetched(repository, digest);
    throw error;
  }

  async #passThrough(repository: MirroredRepository, digest: Digest): Promise<BlobAnswer> {
    const open = async (offset: number): Promise<BlobBody> => {
      const { signal } = new AbortController();
      const body = await repository.upstream.getBlob(repository.name, digest, offset, signal);
      if (body === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
      return body;
    };
    const source = new PassThroughSource(await open(0), open);
    return { digest, source, outcome: 'miss' };
  }

  /** Whether the upstream had to be asked if the repository contains the digest; throws if it does not. */
  async #requireMembership(repository: MirroredRepository, digest: Digest): Promise<boolean> {
    const { memberships, offline } = this.#parts;
    if (await memberships.has(repository, digest)) return false;
    if (offline) throw offlineError(repository.host);
    const { upstream, name } = repository;
    const found = await this.#checks.run(membershipKey(repository, digest), async () => {
      const contained = await upstream.hasBlob(name, digest);
      if (contained) await memberships.add(repository, [digest]);
      return contained;
    }).promise;
    if (!found) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
    return true;
  }
}
