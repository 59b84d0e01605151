import type { Glob } from '../registry/glob.ts';

/** What an account logs in with. */
export interface Credential {
  /** The user name, or an organization's. */
  readonly username: string;
  /** The access token or password. */
  readonly secret: string;
}

/** An account at an upstream. */
export interface Account {
  /** How it is called in metrics and messages; it stays the same for as long as the process runs. */
  readonly name: string;
  /** The repositories that it is meant for; `undefined`: all. */
  readonly repositories: readonly Glob[] | undefined;
  /**
   * What to log in with now. It is asked for each time it is needed, so that it can change, and costs
   * next to nothing where it did not. An error that it is rejected with holds no secret.
   */
  credential(): Promise<Credential>;
}

/** The `Authorization` of HTTP Basic (RFC 7617), which both token services and registries take. */
export function basicAuthorization({ username, secret }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
}

/** How an account is named in metrics; `undefined` stands for none. */
export function accountName(account: Account | undefined): string {
  return account?.name ?? 'anonymous';
}
