import type { Glob } from '../registry/glob.ts';
import { RegistryError } from '../registry/errors.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import { Remembered } from './remembered.ts';
import { inOrder, RepositoryRules, type RuledRepository } from './repositoryRules.ts';

/** Repositories, and what a client is told of why they are served or not. */
export interface ListedRepositories {
  readonly repositories: readonly Glob[];
  /** In the operator's words. */
  readonly reason: string;
}

/** What an operator lets be pulled from an upstream. */
export interface RepositoryListOptions {
  /** Nothing else is served, for its reason; `undefined`: all that is not denied. */
  readonly allow?: ListedRepositories | undefined;
  readonly deny: readonly ListedRepositories[];
}

/** Which repositories of one upstream are served at all, whoever asks. What is denied stays so where it is allowed too. */
export class RepositoryList {
  readonly #allow: ListedRepositories | undefined;
  readonly #allowed: RepositoryRules<ListedRepositories & { upstream: undefined }>;
  readonly #denied: RepositoryRules<ListedRepositories & { upstream: undefined }>;
  readonly #refusals = new Remembered<ListedRepositories>();

  constructor({ allow, deny }: RepositoryListOptions) {
    this.#allow = allow;
    this.#allowed = rulesOf(allow === undefined ? [] : [allow]);
    this.#denied = rulesOf(deny);
  }

  /** Why the repository is not served, in the operator's words; `undefined` when it may be. */
  refusalOf(name: RepositoryName): string | undefined {
    return this.#refusals.get(name, () => this.#refusing({ host: '', name }))?.reason;
  }

  /** @throws {RegistryError} `DENIED` with the operator's reason */
  require(name: RepositoryName): void {
    const reason = this.refusalOf(name);
    if (reason !== undefined) throw new RegistryError('DENIED', { message: reason });
  }

  #refusing(repository: RuledRepository): ListedRepositories | undefined {
    const denied = this.#denied.first(repository)?.rule;
    if (denied !== undefined || this.#allowed.first(repository) !== undefined) return denied;
    return this.#allow;
  }
}

function rulesOf(lists: readonly ListedRepositories[]) {
  return new RepositoryRules(inOrder(lists.map((list) => ({ ...list, upstream: undefined }))));
}
