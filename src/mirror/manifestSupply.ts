import { LRUCache } from 'lru-cache';
import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { parseManifest } from '../registry/manifest.ts';
import type { Reference } from '../registry/reference.ts';
import { membershipKey } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { ManifestHead } from '../upstream/upstream.ts';
import type { Absences } from './absences.ts';
import { asClientError, requireAskable } from './clientError.ts';
import type { HeldManifest, ManifestFetcher } from './manifestFetcher.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import { isRecent, pauseAfterFailure } from './recency.ts';

/** The parts of the mirror that a {@link ManifestSupply} is made of. */
export interface ManifestSupplyParts {
  readonly memberships: Memberships;
  readonly absences: Absences;
  readonly fetcher: ManifestFetcher;
  readonly offline: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
}

const rememberedFailures = 1000;

/** What upstreams tell and give of manifests by their digests; errors are those that clients are told. */
export class ManifestSupply {
  readonly #parts: ManifestSupplyParts;
  readonly #checks = new SingleFlight<string, ManifestHead>();
  /** When the upstream last failed to tell of a manifest or to give it, by repository and digest. */
  readonly #failures = new LRUCache<string, number>({ max: rememberedFailures });

  constructor(parts: ManifestSupplyParts) {
    this.#parts = parts;
  }

  /**
   * Asks by a HEAD, which is free at Docker Hub, whether this repository has the manifest.
   * @throws {RegistryError} when it has not, or can't be asked
   */
  async check(repository: MirroredRepository, digest: Digest): Promise<ManifestHead> {
    const { absences, memberships, offline } = this.#parts;
    const reference = { kind: 'digest', digest } as const;
    requireAskable(repository, offline);
    absences.refuse(repository, reference);
    try {
      return await this.#checks.run(membershipKey(repository, digest), async () => {
        const { upstream, name } = repository;
        const generation = await memberships.generation(repository);
        const head = await upstream.headManifest(name, reference);
        if (head === undefined) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { digest } });
        absences.drop(repository, [reference]);
        await memberships.confirm(repository, digest, generation);
        return head;
      }).promise;
    } catch (error) {
      absences.note(repository, error, reference);
      await memberships.heed(repository, error);
      this.#noteFailure(repository, digest, error);
      throw asClientError(error);
    }
  }

  /**
   * Fetches a manifest, which Docker Hub counts as a pull: once however many ask.
   * @throws {RegistryError} when this repository has no such manifest, or it can't be had
   */
  async fetch(
    repository: MirroredRepository,
    digest: Digest,
  ): Promise<{ manifest: HeldManifest; joined: boolean }> {
    const { absences, fetcher, memberships, offline } = this.#parts;
    const reference = { kind: 'digest', digest } as const;
    requireAskable(repository, offline);
    absences.refuse(repository, reference);
    const { promise, joined, elsewhere } = fetcher.fetch(repository, reference);
    // First, for that may take long: who has no such manifest is not to notice that others pull it.
    if (elsewhere && !(await memberships.has(repository, digest))) {
      await this.check(repository, digest);
    }
    try {
      const manifest = await promise;
      if (!joined) absences.drop(repository, [reference, ...imagesIn(manifest)]);
      if (joined && !(await memberships.has(repository, digest))) {
        await this.check(repository, digest);
      }
      this.#failures.delete(membershipKey(repository, digest));
      return { manifest, joined };
    } catch (error) {
      if (!joined) absences.note(repository, error, reference);
      if (!joined) await memberships.heed(repository, error);
      this.#noteFailure(repository, digest, error);
      const ofOther = error instanceof UpstreamError && error.host !== repository.host;
      if (!joined || !(ofOther || error instanceof RegistryError)) throw asClientError(error);
    }
    // What was joined may have been for another repository: what that lacks, or its upstream fails to do,
    // says nothing about this one.
    await this.check(repository, digest);
    return this.fetch(repository, digest);
  }

  /** Whether the upstream failed to tell of the manifest or to give it, a short while ago. */
  failedJustNow(repository: MirroredRepository, digest: Digest): boolean {
    const failedAt = this.#failures.get(membershipKey(repository, digest));
    return isRecent(failedAt, pauseAfterFailure, this.#parts.monotonicNow());
  }

  #noteFailure(repository: MirroredRepository, digest: Digest, error: unknown): void {
    if (!(error instanceof UpstreamError) || error.host !== repository.host) return;
    // Our own want of a connection is over sooner.
    if (error.failure === 'busy') return;
    this.#failures.set(membershipKey(repository, digest), this.#parts.monotonicNow());
  }
}

/** A registry takes in an index with its images: one that was missing before is there now. */
function imagesIn({ bytes, mediaType }: HeldManifest): Reference[] {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest?.kind !== 'index') return [];
  return manifest.manifests.map(({ digest }) => ({ kind: 'digest', digest }));
}
