import { LRUCache } from 'lru-cache';
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

/** The tokens of one upstream: kept until shortly before they expire, and asked for once for many waiters. */
export class Tokens {
  readonly #request: (request: TokenRequest) => Promise<Token>;
  readonly #now: () => number;
  readonly #held: LRUCache<string, Token>;
  readonly #flights = new SingleFlight<string, Token>();

  constructor({ request, now, maximum = 1000 }: TokensOptions) {
    this.#request = request;
    this.#now = now;
    this.#held = new LRUCache({ max: maximum });
  }

  /** A token that is good for a while yet. */
  async get(request: TokenRequest): Promise<Token> {
    const key = keyOf(request);
    const held = this.#held.get(key);
    if (held !== undefined && this.#now() < held.renewAt) return held;
    return await this.#flights.run(key, async () => {
      const token = await this.#request(request);
      this.#held.set(key, token);
      return token;
    }).promise;
  }

  /** Forgets a token that the registry did not accept, unless another has taken its place already. */
  drop(request: TokenRequest, token: Token): void {
    const key = keyOf(request);
    if (this.#held.get(key) === token) this.#held.delete(key);
  }
}

function keyOf({ account, realm, service, scopes }: TokenRequest): string {
  return JSON.stringify([account?.name, realm, service, scopes]);
}
