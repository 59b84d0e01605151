import { asClientError } from '../mirror/clientError.ts';
import type { MirroredRepository, MirroredUpstream } from '../mirror/mirroredUpstream.ts';
import type { Client, Identity } from './client.ts';
import { readBasic, type Login } from './login.ts';

/** The users who log in by a password of ours. `Passwords` is one. */
export interface PasswordCheck {
  /** Whether a password that comes with this name may be one of ours, and so is for nobody else to see. */
  has(username: string): boolean;
  /** The user whose password was found right in this very `Authorization`, where that is remembered. */
  recall(authorization: string): string | undefined;
  /** Whether the password is right. May take long after failures. */
  verify(authorization: string, login: Login, address: string): Promise<boolean>;
}

/** What the upstreams think of credentials of theirs. `UpstreamCredentials` is one. */
export interface CredentialVerdicts {
  /** Whether who sends this `Authorization` may pull from the repository, where that is remembered. */
  recall(authorization: string, repository: MirroredRepository): boolean | undefined;
  /** Whether the upstream lets them pull from the repository. Rejects with what asking it failed with. */
  check(
    authorization: string,
    login: Login,
    repository: MirroredRepository,
    address: string,
  ): Promise<boolean>;
  /** Whether the upstream takes them at all. Rejects as `check`. */
  logsIn(
    authorization: string,
    login: Login,
    upstream: MirroredUpstream,
    address: string,
  ): Promise<boolean>;
}

/** What log-ins are checked by. */
export interface LogInsOptions {
  /** The users of the htpasswd file; `undefined` without one. */
  readonly passwords?: PasswordCheck | undefined;
  /** Checks credentials at the upstreams; `undefined` where clients' are of no use. */
  readonly upstreamCredentials?: CredentialVerdicts | undefined;
}

/** Finds out who clients are. */
export class LogIns {
  readonly #passwords: PasswordCheck | undefined;
  readonly #upstreamCredentials: CredentialVerdicts | undefined;

  constructor({ passwords, upstreamCredentials }: LogInsOptions) {
    this.#passwords = passwords;
    this.#upstreamCredentials = upstreamCredentials;
  }

  /** Whether there is something that the client could log in to by user name and password. */
  isPossible({ isSafe }: Client): boolean {
    return this.#passwords !== undefined || (this.#upstreamCredentials !== undefined && isSafe);
  }

  /** Whether there would be something if the client came over TLS. */
  isPossibleOverTls({ isSafe }: Client): boolean {
    return this.#upstreamCredentials !== undefined && !isSafe;
  }

  /** Whether the client tries to. */
  isTried(client: Client): boolean {
    return this.isPossible(client) && readBasic(client.authorization) !== undefined;
  }

  /** To the operator, why credentials that were looked at in vain opened nothing; `undefined` without any. */
  whyRefused(client: Client): string | undefined {
    const login = readBasic(client.authorization);
    if (login === undefined) return undefined;
    const isOurs = this.#passwords?.has(login.username) === true;
    if (this.isPossibleOverTls(client) && !isOurs) {
      return 'the credentials came over plain HTTP, so that no upstream was asked about them';
    }
    return this.isPossible(client) ? 'the log-in was refused' : undefined;
  }

  /** Who the client is, where that needs no password to be checked. */
  recall(client: Client): Identity | undefined {
    const { certificateName } = client;
    if (certificateName !== undefined) return { name: certificateName, by: 'certificate' };
    return this.recallUser(client);
  }

  /** Who the client is by a password of ours, where that is remembered. */
  recallUser({ authorization }: Client): Identity | undefined {
    if (authorization === undefined) return undefined;
    const name = this.#passwords?.recall(authorization);
    return name === undefined ? undefined : { name, by: 'password' };
  }

  /** Who the client is to the upstream, where it is remembered that it lets the client pull from the repository. */
  recallPull(
    { authorization, isSafe }: Client,
    repository: MirroredRepository,
  ): Identity | undefined {
    if (authorization === undefined || !isSafe) return undefined;
    if (this.#upstreamCredentials?.recall(authorization, repository) !== true) return undefined;
    const login = readBasic(authorization);
    return login && { name: login.username, by: 'upstream' };
  }

  /**
   * Who the client is: a user of ours, or one whom the upstream lets pull from the repository.
   * @throws {RegistryError} what an upstream that can't be asked means, or `TOOMANYREQUESTS`
   */
  toPull(client: Client, repository: MirroredRepository): Promise<Identity | undefined> {
    const { authorization = '', address } = client;
    return this.#logIn(client, (verdicts, login) =>
      verdicts.check(authorization, login, repository, address),
    );
  }

  /**
   * Who the client is as a user of ours. Credentials for an upstream are not looked at: they would count as a
   * wrong password.
   * @throws {RegistryError} `TOOMANYREQUESTS`
   */
  async asUser(client: Client): Promise<Identity | undefined> {
    const login = readBasic(client.authorization);
    if (login === undefined || this.#verdictsOn(client, login) !== undefined) return undefined;
    return await this.#checkPassword(client, login);
  }

  /** Who the client is: a user of ours, or one whom the upstream knows. Throws as {@link toPull}. */
  toAnything(client: Client, upstream: MirroredUpstream): Promise<Identity | undefined> {
    const { authorization = '', address } = client;
    return this.#logIn(client, (verdicts, login) =>
      verdicts.logsIn(authorization, login, upstream, address),
    );
  }

  async #logIn(
    client: Client,
    ask: (verdicts: CredentialVerdicts, login: Login) => Promise<boolean>,
  ): Promise<Identity | undefined> {
    const login = readBasic(client.authorization);
    if (login === undefined) return undefined;
    const verdicts = this.#verdictsOn(client, login);
    if (verdicts === undefined) return await this.#checkPassword(client, login);
    const isRight = await asked(ask(verdicts, login));
    return isRight ? { name: login.username, by: 'upstream' } : undefined;
  }

  /** The password of a user of ours is shown to no upstream, not even a wrong one. */
  #verdictsOn({ isSafe }: Client, { username }: Login): CredentialVerdicts | undefined {
    if (!isSafe || this.#passwords?.has(username) === true) return undefined;
    return this.#upstreamCredentials;
  }

  async #checkPassword(
    { authorization = '', address }: Client,
    login: Login,
  ): Promise<Identity | undefined> {
    const isRight = await this.#passwords?.verify(authorization, login, address);
    return isRight === true ? { name: login.username, by: 'password' } : undefined;
  }
}

/** The verdict of an upstream, or what it means to a client that there is none. */
async function asked(verdict: Promise<boolean>): Promise<boolean> {
  try {
    return await verdict;
  } catch (error) {
    throw asClientError(error);
  }
}
