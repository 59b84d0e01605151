import { matchesAny, type Glob } from '../registry/glob.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import type { Account, Credential } from './account.ts';
import { AccountChoice } from './accountChoice.ts';
import { AccountState } from './accountState.ts';
import type { Call } from './call.ts';
import { LogInRefused } from './logInRefused.ts';
import type { UpstreamContext } from './upstreamContext.ts';

/** What the operator wants of the accounts of one upstream. */
export interface AccountRules {
  /** In the order in which they are preferred, all else being equal; none: it is asked anonymously. */
  readonly accounts: readonly Account[];
  /** Whether it is asked anonymously when no account can be used; never unless given. */
  readonly anonymousFallback?: boolean;
  /** So many pulls of each account are left to essential repositories; 0 unless given. */
  readonly reserve?: number;
  /** The repositories that may spend the reserve; none unless given. */
  readonly essential?: readonly Glob[];
}

/** The accounts of one upstream, with what is known of each. */
export class Accounts {
  readonly #context: UpstreamContext;
  readonly #rules: AccountRules;
  readonly #states: readonly AccountState[];
  readonly #anonymous: AccountState;

  constructor(rules: AccountRules, context: UpstreamContext) {
    this.#context = context;
    this.#rules = rules;
    this.#states = rules.accounts.map((account) => new AccountState(account, context));
    this.#anonymous = new AccountState(undefined, context);
  }

  /** All that this upstream may be asked as. */
  get states(): readonly AccountState[] {
    const { accounts, anonymousFallback } = this.#rules;
    const isForSome = accounts.every(({ repositories }) => repositories !== undefined);
    return isForSome || anonymousFallback ? [...this.#states, this.#anonymous] : this.#states;
  }

  /** Begins to choose accounts for a call. */
  choose({
    operation,
    repository,
    subject,
  }: Pick<Call, 'operation' | 'repository' | 'subject'>): AccountChoice {
    const { anonymousFallback = false, reserve = 0, essential = [] } = this.#rules;
    const candidates = this.#candidates(repository);
    return new AccountChoice({
      host: this.#context.host,
      subject,
      candidates,
      fallback:
        anonymousFallback && !candidates.includes(this.#anonymous) ? this.#anonymous : undefined,
      isPull: operation === 'manifest_get',
      reserve: matchesAny(essential, repository) ? 0 : reserve,
    });
  }

  /**
   * What an account logs in with. One that has nothing to log in with is set aside, with
   * {@link LogInRefused}; so is thrown for one that was set aside since it was chosen, by another of many
   * calls at once.
   */
  async credential(account: Account): Promise<Credential> {
    const state = this.stateOf(account);
    if (state.logInPause > 0) throw new LogInRefused(account);
    try {
      return await account.credential();
    } catch {
      state.refuse(undefined);
      throw new LogInRefused(account);
    }
  }

  /** Runs a log-in of the account at the token service, which throws when it is refused. */
  logIn<T>(account: Account, secret: string, work: () => Promise<T>): Promise<T> {
    return this.stateOf(account).logIn(account, secret, work);
  }

  /** The log-in with this secret was refused. */
  refuse(account: Account, secret: string | undefined): void {
    this.stateOf(account).refuse(secret);
  }

  /** The account can log in. */
  accept(account: Account): void {
    this.stateOf(account).accept();
  }

  /** What is known of one of them. */
  stateOf(account: Account): AccountState {
    const state = this.#states.find((candidate) => candidate.account === account);
    if (state === undefined)
      throw new TypeError(`no account of ${this.#context.host}: ${account.name}`);
    return state;
  }

  /**
   * The accounts that are meant for the repository, else those that are meant for all. Others are not asked
   * in their place: one that can't see a private repository would say that it does not exist. Where none
   * is meant for it, it is asked anonymously.
   */
  #candidates(repository: RepositoryName): readonly AccountState[] {
    const meant = this.#states.filter(({ account }) =>
      matchesAny(account?.repositories ?? [], repository),
    );
    if (meant.length > 0) return meant;
    const general = this.#states.filter(({ account }) => account?.repositories === undefined);
    return general.length > 0 ? general : [this.#anonymous];
  }
}
