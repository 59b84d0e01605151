import { RegistryError } from '../registry/errors.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import { Remembered } from './remembered.ts';
import { inOrder, RepositoryRules, type RepositoryRule } from './repositoryRules.ts';

/** Repositories, and what a client is told of why they are served or not. */
export interface ListedRepositories extends RepositoryRule {
  /** In the operator's words. */
  readonly reason: string;
}

/** What an operator lets be pulled from an upstream. */
export interface RepositoryListOptions {
  /** Nothing else is served, for its reason; `undefined`: all that is not denied. */
  readonly allow?: ListedRepositories | undefined;
  readonly deny: readonly ListedRepositories[];
  /** As of the upstream (`MirroredUpstream`). */
  readonly impliesLibrary: boolean;
}

/** Which repositories of one upstream are served at all, whoever asks. What is denied stays so where it is allowed too. */
export class RepositoryList {
  readonly #allow: ListedRepositories | undefined;
  readonly #allowed: RepositoryRules<ListedRepositories>;
  readonly #denied: RepositoryRules<ListedRepositories>;
  readonly #impliesLibrary: boolean;
  readonly #refusals = new Remembered<ListedRepositories>();

  constructor({ allow, deny, impliesLibrary }: RepositoryListOptions) {
    this.#allow = allow;
    this.#allowed = new RepositoryRules(inOrder(allow === undefined ? [] : [allow]));
    this.#denied = new RepositoryRules(inOrder(deny));
    this.#impliesLibrary = impliesLibrary;
  }

  /** Why the repository is not served, in the operator's words; `undefined` when it may be. */
  refusalOf(name: RepositoryName): string | undefined {
    return this.#refusals.get(name, () => this.#refusing(name))?.reason;
  }

  /** @throws {RegistryError} `DENIED` with the operator's reason */
  require(name: RepositoryName): void {
    const reason = this.refusalOf(name);
    if (reason !== undefined) throw new RegistryError('DENIED', { message: reason });
  }

  #refusing(name: RepositoryName): ListedRepositories | undefined {
    const repository = { host: '', name, impliesLibrary: this.#impliesLibrary };
    const denied = this.#denied.first(repository)?.rule;
    if (denied !== undefined || this.#allowed.first(repository) !== undefined) return denied;
    return this.#allow;
  }
}
