import type { Account } from '../../src/upstream/account.ts';

/** An account for all repositories, whose secret stays as it is. */
export function fixedAccount(username: string, secret: string): Account {
  return {
    name: username,
    repositories: undefined,
    credential: () => Promise.resolve({ username, secret }),
  };
}
