import type { Account } from './account.ts';

/** Thrown where an account turned out to be of no use now, for whoever can go on with another one. */
export class LogInRefused extends Error {
  readonly account: Account;

  constructor(account: Account) {
    super(`the account ${account.name} cannot log in`);
    this.name = 'LogInRefused';
    this.account = account;
  }
}
