import { randomBytes } from 'node:crypto';
import { markedSecret } from '../secretMark.ts';
import type { Account } from './accounts.ts';
import type { Clock } from './hubSettings.ts';

/** What a token stands for. */
export interface TokenGrant {
  readonly account: Account | undefined;
  /** The repositories that may be pulled with it. */
  readonly repositories: ReadonlySet<string>;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

/** What a test can do to tokens. */
export interface TokenControls {
  /** Makes the tokens that were given out, all or those for one password, unknown to the registry. */
  revokeTokens(password?: string): void;
}

/** The tokens that are out. */
export interface Tokens {
  readonly controls: TokenControls;
  issue(account: Account | undefined, repositories: ReadonlySet<string>): string;
  /** Reads an `Authorization: Bearer` header; `invalid` when the token is unknown or has expired. */
  check(authorization: string | undefined): TokenGrant | 'invalid' | undefined;
}

// Docker Hub's tokens are JWTs of several KB: long enough to trip over a limit on headers.
const tokenBytes = 1500;

/** No tokens yet; each lives for so many seconds. */
export function createTokens(clock: Clock, lifetimeSeconds: number): Tokens {
  const grants = new Map<string, TokenGrant>();
  return {
    issue: (account, repositories) => {
      const token = markedSecret(randomBytes(tokenBytes).toString('base64url'));
      const expiresAt = clock() + lifetimeSeconds * 1000;
      grants.set(token, { account, repositories, expiresAt });
      return token;
    },
    check: (authorization) => {
      if (authorization === undefined) return undefined;
      const grant = grants.get(authorization.replace(/^Bearer /i, ''));
      return grant !== undefined && clock() < grant.expiresAt ? grant : 'invalid';
    },
    controls: {
      revokeTokens: (password) => {
        for (const [token, { account }] of grants) {
          if (password === undefined || account?.password === password) grants.delete(token);
        }
      },
    },
  };
}
