import type { Account } from './account.ts';
import { UpstreamError } from './upstreamError.ts';

/** Thrown where an account turned out to be of no use now, for whoever can go on with another one. */
export class LogInRefused extends Error {
  readonly account: Account;

  constructor(account: Account) {
    super(`the account ${account.name} cannot log in`);
    this.name = 'LogInRefused';
    this.account = account;
  }
}

/** What the accounts are made from. */
export interface AccountsOptions {
  /** The upstream's name. */
  readonly host: string;
  /** In the order in which they are used; none: the upstream is asked anonymously. */
  readonly accounts: readonly Account[];
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

interface Refusal {
  readonly until: number;
  readonly pause: number;
}

const firstPause = 60_000;
const longestPause = 600_000;

/**
 * The accounts of one upstream. One whose log-in was refused is set aside for a minute, then for twice
 * as long each time up to ten: Docker Hub locks a user name for ten minutes after repeated failures,
 * and a log-in at each pull would keep it locked.
 */
export class Accounts {
  readonly #host: string;
  readonly #accounts: readonly Account[];
  readonly #now: () => number;
  readonly #refusals = new Map<Account, Refusal>();

  constructor({ host, accounts, now }: AccountsOptions) {
    this.#host = host;
    this.#accounts = accounts;
    this.#now = now;
  }

  /**
   * The account to use: the first that is not set aside, `undefined` to ask anonymously.
   * `credentials_refused` when all are set aside: never anonymous instead, which would use up the
   * quota of the address and show other content than the operator expects.
   */
  choose(): Account | undefined {
    if (this.#accounts.length === 0) return undefined;
    const account = this.#accounts.find((candidate) => !this.#isSetAside(candidate));
    if (account !== undefined) return account;
    const names = this.#accounts.map(({ name }) => name).join(', ');
    throw new UpstreamError(
      this.#host,
      'credentials_refused',
      `no log-in was accepted lately, or its secret cannot be read: ${names}`,
    );
  }

  /**
   * The `Authorization` of HTTP Basic (RFC 7617), which both token services and registries take. An
   * account whose secret cannot be read is set aside, with {@link LogInRefused}; so is thrown for one
   * that was set aside since it was chosen, by another of many calls at once.
   */
  async basicAuthorization(account: Account): Promise<string> {
    if (this.#isSetAside(account)) throw new LogInRefused(account);
    try {
      const secret = await account.secret();
      return `Basic ${Buffer.from(`${account.name}:${secret}`).toString('base64')}`;
    } catch {
      this.refuse(account);
      throw new LogInRefused(account);
    }
  }

  /** Sets the account aside. Of those who were refused at the same time, the first one counts. */
  refuse(account: Account): void {
    if (this.#isSetAside(account)) return;
    const previous = this.#refusals.get(account);
    const pause = previous === undefined ? firstPause : Math.min(previous.pause * 2, longestPause);
    this.#refusals.set(account, { until: this.#now() + pause, pause });
  }

  /** Forgets that the account was ever refused. */
  accept(account: Account): void {
    this.#refusals.delete(account);
  }

  #isSetAside(account: Account): boolean {
    return this.#now() < (this.#refusals.get(account)?.until ?? -Infinity);
  }
}
