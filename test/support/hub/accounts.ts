import { randomUUID } from 'node:crypto';
import { assertMarked, markedSecret } from '../secretMark.ts';

/** Somebody who may sign in. `paid` is without a pull limit. */
export interface Account {
  readonly username: string;
  /** A password or an access token: Docker Hub takes both as the password of Basic. From `markedSecret`. */
  readonly password: string;
  readonly plan: 'paid' | 'personal';
}

/** An account of an organization that pays. */
export const paidAccount: Account = {
  username: 'acme',
  password: markedSecret('dckr_oat_acme'),
  plan: 'paid',
};

/** An account with the personal plan's pull limit. */
export const personalAccount: Account = {
  username: 'mona',
  password: markedSecret('dckr_pat_mona'),
  plan: 'personal',
};

/** What a test can do to the accounts. */
export interface AccountControls {
  addAccount(account: Account): void;
  /** Another access token that the account may sign in with from now on. */
  addSecret(username: string, secret: string): void;
  /** From now on nobody can sign in with it; tokens that were given out for it stay good. */
  revokeSecret(username: string, secret: string): void;
  /** From now on its credentials are wrong; tokens that were given out stay good. */
  removeAccount(username: string): void;
}

/** Who may sign in. */
export interface Accounts {
  readonly controls: AccountControls;
  find(username: string | undefined): Account | undefined;
  /** What `docker-ratelimit-source` says for a signed-in client. */
  sourceOf(account: Account): string;
  /**
   * Reads an `Authorization: Basic` header: the account, with the password that was presented. `wrong`
   * when it is there but good for nobody.
   */
  signIn(authorization: string | undefined): Account | 'wrong' | undefined;
}

/** Accounts by user name. */
export function createAccounts(initial: readonly Account[]): Accounts {
  const accounts = new Map<string, Account>();
  const secrets = new Map<string, Set<string>>();
  const sources = new Map<string, string>();
  const addSecret = (username: string, secret: string) => {
    assertMarked(secret);
    secrets.get(username)?.add(secret);
  };
  const addAccount = (account: Account) => {
    accounts.set(account.username, account);
    secrets.set(account.username, new Set());
    addSecret(account.username, account.password);
    sources.set(account.username, randomUUID());
  };
  for (const account of initial) addAccount(account);
  return {
    controls: {
      addAccount,
      removeAccount: (username) => {
        accounts.delete(username);
        secrets.delete(username);
      },
      addSecret,
      revokeSecret: (username, secret) => {
        secrets.get(username)?.delete(secret);
      },
    },
    find: (username) => (username === undefined ? undefined : accounts.get(username)),
    sourceOf: (account) => sources.get(account.username) ?? '',
    signIn: (authorization) => {
      if (authorization === undefined) return undefined;
      const { username, password } = readBasic(authorization);
      const account = accounts.get(username);
      const isRight = account !== undefined && secrets.get(username)?.has(password) === true;
      return isRight ? { ...account, password } : 'wrong';
    },
  };
}

/** The user name that a Basic header claims, whether or not the password is right. */
export function claimedUsername(authorization: string | undefined): string | undefined {
  const claimed = authorization?.startsWith('Basic ') === true;
  return claimed ? readBasic(authorization).username : undefined;
}

/** RFC 7617: user-id and password joined by the first colon, in Base64. */
function readBasic(authorization: string): { username: string; password: string } {
  const text = Buffer.from(authorization.replace(/^Basic /i, ''), 'base64').toString();
  const colon = text.indexOf(':');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
