import type { Digest } from '../registry/digest.ts';
import type { EarlierTag } from '../store/catalog.ts';
import { isUnavailable } from './clientError.ts';
import type { Completeness } from './completeness.ts';
import type { HeldManifests } from './heldManifests.ts';
import type { ManifestAnswer, ManifestDescription } from './manifestAnswer.ts';
import type { ManifestSupply } from './manifestSupply.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { ManifestRequirements } from './requirements.ts';
import type { ResolvedTag } from './tagResolver.ts';

/** The parts of the mirror that {@link MovedTags} is made of. */
export interface MovedTagsParts {
  readonly held: HeldManifests;
  readonly memberships: Memberships;
  readonly requirements: ManifestRequirements;
  readonly completeness: Completeness;
  readonly supply: ManifestSupply;
}

/**
 * Tags that moved to an image that can't be had now: what could be pulled a minute ago still can be, as
 * long as nothing says that it is gone.
 */
export class MovedTags {
  readonly #parts: MovedTagsParts;

  constructor(parts: MovedTagsParts) {
    this.#parts = parts;
  }

  /**
   * Gives the answer of `current`, and where that can't be had what the tag stood for before. A manifest
   * that was refused just now is not asked for again at once: the GET may count as a pull.
   * @throws {RegistryError} what `current` throws, where nothing earlier can be served
   */
  async orEarlier<Answer extends ManifestDescription>(
    repository: MirroredRepository,
    { entry, earlier }: ResolvedTag,
    current: () => Promise<Answer>,
  ): Promise<Answer | ManifestAnswer> {
    if (earlier === undefined) return current();
    if (await this.#failedJustNow(repository, entry.digest)) {
      const answer = await this.#answer(repository, earlier);
      if (answer !== undefined) return answer;
    }
    try {
      return await current();
    } catch (error) {
      const answer = isUnavailable(error) ? await this.#answer(repository, earlier) : undefined;
      if (answer === undefined) throw error;
      return answer;
    }
  }

  /** Whether its manifest could not be fetched just now, or that of one of its platforms. */
  async #failedJustNow(repository: MirroredRepository, digest: Digest): Promise<boolean> {
    const { completeness, requirements, supply } = this.#parts;
    const required = await requirements.of(digest);
    if (required === undefined) return supply.failedJustNow(repository, digest);
    if (required.kind !== 'any') return false;
    const failed = required.manifests.some((child) => supply.failedJustNow(repository, child));
    return failed && !(await completeness.isComplete(repository, digest));
  }

  /** `undefined` where not all of it is here, or it was taken from the repository. */
  async #answer(
    repository: MirroredRepository,
    { digest, checkedAt }: EarlierTag,
  ): Promise<ManifestAnswer | undefined> {
    const { completeness, held, memberships } = this.#parts;
    if (!(await memberships.has(repository, digest))) return undefined;
    if (!(await completeness.isComplete(repository, digest))) return undefined;
    const manifest = await held.read(digest);
    const since = new Date(checkedAt).toISOString();
    const warning = `the tag moved at ${repository.host} and the new image can't be fetched now; this is the tag as of ${since}`;
    return manifest && { ...manifest, outcome: 'stale', warning };
  }
}
