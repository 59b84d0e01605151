/** An account at an upstream. */
export interface Account {
  /** The user name, or an organization's. It may appear in metrics and messages. */
  readonly name: string;
  /** The access token or password, asked for each time it is needed, so that a file can change. */
  secret(): Promise<string> | string;
}

/** How an account is named in metrics; `undefined` stands for none. */
export function accountName(account: Account | undefined): string {
  return account?.name ?? 'anonymous';
}
