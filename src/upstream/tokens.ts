import { LRUCache } from 'lru-cache';
import type { Account, Credential } from './account.ts';
import { SingleFlight } from './singleFlight.ts';
import type { Token } from './token.ts';
import type { TokenRequest } from './tokenService.ts';

/** What the tokens are kept by. */
export interface TokensOptions {
  /** Gets a token that is not held. */
  readonly request: (request: TokenRequest) => Promise<Token>;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** How many tokens are kept; a token has a few KiB. */
  readonly maximum?: number;
}

interface HeldToken {
  readonly token: Token;
  readonly account: Account | undefined;
}

/**
 * The tokens of one upstream: kept until shortly before they expire, and asked for once for many waiters.
 * Those that an account got with another secret than it has now are dropped: they may have been revoked.
 */
export class Tokens {
  readonly #request: (request: TokenRequest) => Promise<Token>;
  readonly #now: () => number;
  readonly #held: LRUCache<string, HeldToken>;
  /** What each account was last seen to log in with. */
  readonly #credentials = new Map<Account, Credential>();
  readonly #flights = new SingleFlight<string, Token>();

  constructor({ request, now, maximum = 1000 }: TokensOptions) {
    this.#request = request;
    this.#now = now;
    this.#held = new LRUCache({ max: maximum });
  }

  /** A token that is good for a while yet. */
  async get(request: TokenRequest): Promise<Token> {
    this.#heedNewSecret(request);
    const key = keyOf(request);
    const held = this.#held.get(key)?.token;
    if (held !== undefined && this.#now() < held.renewAt) return held;
    return await this.#flights.run(key, async () => {
      const token = await this.#request(request);
      this.#held.set(key, { token, account: request.account });
      return token;
    }).promise;
  }

  /** Forgets a token that the registry did not accept, unless another has taken its place already. */
  drop(request: TokenRequest, token: Token): void {
    const key = keyOf(request);
    if (this.#held.get(key)?.token === token) this.#held.delete(key);
  }

  #heedNewSecret({ account, credential }: TokenRequest): void {
    if (account === undefined || credential === undefined) return;
    const last = this.#credentials.get(account);
    if (last?.username === credential.username && last.secret === credential.secret) return;
    this.#credentials.set(account, credential);
    for (const [key, held] of this.#held.entries()) {
      if (held.account === account) this.#held.delete(key);
    }
  }
}

function keyOf({ account, credential, realm, service, scopes }: TokenRequest): string {
  const { username, secret } = credential ?? {};
  return JSON.stringify([account?.name, username, secret, realm, service, scopes]);
}
