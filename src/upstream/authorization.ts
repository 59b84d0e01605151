import type { RepositoryName } from '../registry/repositoryName.ts';
import { basicAuthorization, type Account, type Credential } from './account.ts';
import type { Accounts } from './accounts.ts';
import { untilAborted } from './deadline.ts';
import type { Demand } from './demand.ts';
import { commonScopes, pullScopes } from './pullScope.ts';
import type { Token } from './token.ts';
import type { Tokens } from './tokens.ts';
import type { TokenRequest } from './tokenService.ts';
import { UpstreamError } from './upstreamError.ts';

/** What a request is sent with: an `Authorization` header, and where it came from. */
export type Grant =
  | { readonly scheme: 'basic'; readonly header: string; readonly credential: Credential }
  | {
      readonly scheme: 'bearer';
      readonly header: string;
      readonly token: Token;
      readonly request: TokenRequest;
    };

/** What the grants are made from. */
export interface AuthorizationOptions {
  /** The upstream's name. */
  readonly host: string;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  /** What the registry is known to demand already. */
  readonly remembered?: Demand | undefined;
}

/**
 * Meets the demands of one registry and remembers the last one, so that later requests are sent with
 * what it wants at once, without a 401 in between.
 */
export class Authorization {
  readonly #host: string;
  readonly #accounts: Accounts;
  readonly #tokens: Tokens;
  #remembered: Demand | undefined;

  constructor({ host, accounts, tokens, remembered }: AuthorizationOptions) {
    this.#host = host;
    this.#accounts = accounts;
    this.#tokens = tokens;
    this.#remembered = remembered;
  }

  /** The last demand, without what belonged to one repository; `undefined` before the first. */
  get remembered(): Demand | undefined {
    return this.#remembered;
  }

  /** Meets a demand for a pull from the repository, or for a mere log-in, and remembers it when that could be done. */
  async meet(
    demand: Demand,
    repository: RepositoryName | undefined,
    account: Account | undefined,
    signal: AbortSignal,
  ): Promise<Grant> {
    if (demand.scheme === 'basic') {
      const credential = await untilAborted(this.#credential(account), signal);
      this.#remembered = demand;
      return { scheme: 'basic', header: basicAuthorization(credential), credential };
    }
    const { realm, service, scope } = demand;
    const credential = account && (await untilAborted(this.#accounts.credential(account), signal));
    const scopes = pullScopes(repository, scope);
    const request = { account, credential, realm, service, scopes };
    const token = await untilAborted(this.#tokens.get(request), signal);
    this.#remembered = { ...demand, scope: commonScopes(scope), error: undefined };
    return { scheme: 'bearer', header: `Bearer ${token.text}`, token, request };
  }

  /** Forgets what a grant was made of, because the registry did not accept it. */
  withdraw(grant: Grant): void {
    if (grant.scheme === 'bearer') this.#tokens.drop(grant.request, grant.token);
  }

  async #credential(account: Account | undefined): Promise<Credential> {
    if (account !== undefined) return await this.#accounts.credential(account);
    throw new UpstreamError(
      this.#host,
      'credentials_required',
      'the registry wants a user name and password, and no account is configured',
      { status: 401 },
    );
  }
}
