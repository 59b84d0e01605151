import type { Digest } from '../registry/digest.ts';
import { incompleteError, requireAskable } from './clientError.ts';
import type { Completeness } from './completeness.ts';
import type { ManifestSupply } from './manifestSupply.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import { isRecent } from './recency.ts';

/** The parts of the mirror that a {@link Deliverability} is made of. */
export interface DeliverabilityParts {
  readonly completeness: Completeness;
  readonly supply: ManifestSupply;
  readonly offline: boolean;
  /** Milliseconds of a clock that only goes forward: the one of `Upstream.lastAnswerAt`. */
  readonly monotonicNow: () => number;
}

// An upstream that answered this recently, and failed in nothing since, is taken to be there.
const reachableFor = 5_000;

/**
 * Refuses manifests whose blobs could not be delivered. podman, CRI-O and kaniko choose between mirror
 * and upstream at the manifest: one that is answered with 200 is a promise.
 */
export class Deliverability {
  readonly #parts: DeliverabilityParts;

  constructor(parts: DeliverabilityParts) {
    this.#parts = parts;
  }

  /**
   * Lets an image pass that is all here, and another one while its upstream is there to give the rest.
   * `stale`: the upstream has failed just now, and to ask it again would cost another time-out.
   * @throws {RegistryError}
   */
  async require(repository: MirroredRepository, digest: Digest, stale: boolean): Promise<void> {
    const { completeness, monotonicNow, supply } = this.#parts;
    if (await completeness.isComplete(repository, digest)) return;
    await this.requireBlobs(repository);
    if (stale) throw incompleteError(repository.host);
    if (isRecent(repository.upstream.lastAnswerAt, reachableFor, monotonicNow())) return;
    await supply.check(repository, digest);
  }

  /**
   * Lets pass what has to be fetched, unless its blobs could not be. Asks nothing unless that is in doubt.
   * @throws {RegistryError}
   */
  async requireBlobs(repository: MirroredRepository): Promise<void> {
    requireAskable(repository, this.#parts.offline);
    const { host, upstream } = repository;
    if (!(await upstream.canGiveBlobs())) throw incompleteError(host);
  }
}
