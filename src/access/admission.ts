import { RegistryError } from '../registry/errors.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import { askedFor } from '../mirror/askedFor.ts';
import type { MirroredRepository, MirroredUpstream } from '../mirror/mirroredUpstream.ts';
import { PrivateRepositoryError, type Visibility } from '../mirror/visibility.ts';
import type { AccessDecision, AccessRules } from './accessRules.ts';
import type { Client, Identity } from './client.ts';
import type { LogIns } from './logIns.ts';

/** What it takes to tell who may pull what. */
export interface AdmissionOptions {
  readonly visibility: Visibility;
  readonly rules: AccessRules;
  readonly logIns: LogIns;
  /** Whether what is open needs no log-in. */
  readonly anonymous: boolean;
}

/** That a client may pull from a repository. */
export interface Admitted {
  /** The repository as it is to be asked. */
  readonly repository: MirroredRepository;
  /** By what: `public`, or the setting. */
  readonly rule: string;
  /** Who the client is, where that is known. */
  readonly identity: Identity | undefined;
  /** Whether everybody may have the same, without a log-in. */
  readonly isOpen: boolean;
}

/**
 * Decides who may pull what. What a client may not have looks as if it did not exist; to one that has not logged
 * in, where that may help, both ask for it, as Docker Hub does.
 */
export class Admission {
  readonly #visibility: Visibility;
  readonly #rules: AccessRules;
  readonly #anonymous: boolean;
  readonly #logIns: LogIns;

  constructor(options: AdmissionOptions) {
    this.#visibility = options.visibility;
    this.#rules = options.rules;
    this.#anonymous = options.anonymous;
    this.#logIns = options.logIns;
  }

  /** What {@link require} would give, where nothing has to be looked up or asked for that; else `undefined`. */
  recall(client: Client, found: MirroredRepository): Admitted | undefined {
    if (found.list?.refusalOf(found.name) !== undefined) return undefined;
    const identity = this.#logIns.recall(client);
    if (identity === undefined && !this.#anonymous) return this.#recallUpstream(client, found);
    const decision = identity && this.#rules.decide(identity.name, found);
    const permitted = identity && this.#permitted(identity, decision, found);
    if (permitted !== undefined) return permitted;
    const isKeptAway = !this.#anonymous && decision?.pull === false;
    const repository = isKeptAway ? undefined : this.#visibility.recall(found);
    if (repository !== undefined) return this.#shown(repository, identity);
    return identity?.by === 'password' ? undefined : this.#recallLogIn(client, found);
  }

  /**
   * Lets a request pass. Of credentials that are not remembered nothing is asked while everybody may have what
   * the client wants: Docker daemons volunteer those of Docker Hub.
   * @throws {RegistryError} `DENIED` when the operator keeps the repository from everybody, `UNAUTHORIZED`
   * when a log-in may help, {@link PrivateRepositoryError}, or what an upstream that can't be asked means
   */
  async require(client: Client, found: MirroredRepository): Promise<Admitted> {
    found.list?.require(found.name);
    const recalled = this.recall(client, found);
    if (recalled !== undefined) return recalled;
    const identity = this.#logIns.recall(client);
    try {
      return identity === undefined
        ? await this.#requireForStranger(found)
        : await this.#requireFor(identity, found);
    } catch (error) {
      const admitted = await this.#admitByOtherLogIn(client, identity, found);
      if (admitted !== undefined) return admitted;
      throw this.asToldTo(client, identity, found.name, error);
    }
  }

  /**
   * Lets a request pass by the client's log-in that passed without a look at it, and then failed in a way that it
   * may help against; `undefined` where it would not.
   * @throws as {@link require}
   */
  async readmit(
    client: Client,
    found: MirroredRepository,
    { identity, repository }: Admitted,
    error: unknown,
  ): Promise<Admitted | undefined> {
    if (!(error instanceof RegistryError)) return undefined;
    const isForSome = error.code === 'UNAVAILABLE' && repository.audience === 'unconfirmed';
    if (!isForSome && error.code !== 'NAME_UNKNOWN') return undefined;
    return await this.#admitByOtherLogIn(client, identity, found);
  }

  /**
   * Lets a request for `/v2/` pass, by which clients log in. `asksForLogIn`: also where a log-in is not needed.
   * @throws {RegistryError} `UNAUTHORIZED`, `DENIED` where a certificate is needed or nobody can log in without TLS,
   * or what an upstream that can't be asked means
   */
  async requireBase(
    client: Client,
    upstream: MirroredUpstream,
    asksForLogIn: boolean,
  ): Promise<Identity | undefined> {
    const known = this.#logIns.recall(client);
    // To a client with a certificate too: `docker login` has to fail with a wrong password.
    if (this.#logIns.isTried(client)) {
      const byLogIn =
        this.#logIns.recallUser(client) ?? (await this.#logIns.toAnything(client, upstream));
      if (byLogIn === undefined) throw this.#refusalOf(client);
      return known ?? byLogIn;
    }
    if (known !== undefined) return known;
    const canLogIn = this.#logIns.isPossible(client) || this.#logIns.isPossibleOverTls(client);
    const isAsked = !this.#anonymous || (asksForLogIn && canLogIn);
    if (isAsked) throw this.#refusalOf(client);
    return undefined;
  }

  /**
   * An error as the client is to be told of it: hidden and absent must not differ in anything, whichever
   * route finds out.
   */
  asToldTo(
    client: Client,
    identity: Identity | undefined,
    name: RepositoryName,
    error: unknown,
  ): unknown {
    if (!(error instanceof RegistryError) || error.code !== 'NAME_UNKNOWN') return error;
    if (identity === undefined && (!this.#anonymous || this.#logIns.isPossible(client))) {
      return this.#refusalOf(client, error);
    }
    if (!(error instanceof PrivateRepositoryError)) {
      return new RegistryError('NAME_UNKNOWN', { detail: { name }, cause: error.cause });
    }
    const isLoggedIn = identity !== undefined && identity.by !== 'certificate';
    const why = isLoggedIn ? undefined : this.#logIns.whyRefused(client);
    if (why === undefined) return error;
    return new PrivateRepositoryError(name, `${reasonOf(error)}, and ${why}`);
  }

  /** Who the client is, where that needs no password to be checked. */
  identityAtHand(client: Client): Identity | undefined {
    return this.#logIns.recall(client);
  }

  async #requireFor(identity: Identity, found: MirroredRepository): Promise<Admitted> {
    const decision = this.#rules.decide(identity.name, found);
    const permitted = this.#permitted(identity, decision, found);
    if (permitted !== undefined) return permitted;
    if (!this.#anonymous && decision?.pull === false) {
      throw new PrivateRepositoryError(
        found.name,
        `${decision.rule} keeps ${identity.name} from it`,
      );
    }
    try {
      return this.#shown(await this.#visibility.require(found), identity);
    } catch (error) {
      throw this.#explained(error, identity, decision, found);
    }
  }

  async #requireForStranger(found: MirroredRepository): Promise<Admitted> {
    if (this.#anonymous) return this.#shown(await this.#visibility.require(found), undefined);
    throw new PrivateRepositoryError(found.name, 'access.anonymous is false');
  }

  /** What a user may have though it be private. */
  #permitted(
    identity: Identity,
    decision: AccessDecision | undefined,
    repository: MirroredRepository,
  ): Admitted | undefined {
    if (decision?.pull !== true) return undefined;
    if (this.#visibility.namespaces.of(repository).private !== 'users') return undefined;
    return {
      repository: askedFor(repository, 'some'),
      rule: decision.rule,
      identity,
      isOpen: false,
    };
  }

  /** To a user who has no permission the operator's setting says `users`, which explains nothing. */
  #explained(
    error: unknown,
    { name }: Identity,
    decision: AccessDecision | undefined,
    found: MirroredRepository,
  ): unknown {
    const isHidden = error instanceof PrivateRepositoryError;
    if (!isHidden || this.#visibility.namespaces.of(found).private !== 'users') return error;
    const why = decision?.rule ?? 'no rule of access.rules';
    const verb = decision === undefined ? 'lets' : 'does not let';
    return new PrivateRepositoryError(
      found.name,
      `${reasonOf(error)}, and ${why} ${verb} ${name} pull it`,
    );
  }

  #shown(repository: MirroredRepository, identity: Identity | undefined): Admitted {
    const rule = this.#visibility.ruleOf(repository);
    return { repository, rule, identity, isOpen: this.#anonymous };
  }

  /** A certificate that does not help keeps nobody from showing something else that does. */
  async #admitByOtherLogIn(
    client: Client,
    known: Identity | undefined,
    found: MirroredRepository,
  ): Promise<Admitted | undefined> {
    if (known !== undefined && known.by !== 'certificate') return undefined;
    const identity = this.#isClosed(found)
      ? await this.#logIns.asUser(client)
      : await this.#logIns.toPull(client, found);
    if (identity?.by === 'upstream') return byUpstream(found, identity);
    return identity && this.#requireFor(identity, found);
  }

  #recallLogIn(client: Client, found: MirroredRepository): Admitted | undefined {
    const user = this.#logIns.recallUser(client);
    const decision = user && this.#rules.decide(user.name, found);
    const permitted = user && this.#permitted(user, decision, found);
    return permitted ?? this.#recallUpstream(client, found);
  }

  #recallUpstream(client: Client, found: MirroredRepository): Admitted | undefined {
    if (this.#isClosed(found)) return undefined;
    const identity = this.#logIns.recallPull(client, found);
    return identity && byUpstream(found, identity);
  }

  /** What the operator says is private may be public upstream, which then lets everybody with an account pull it. */
  #isClosed(found: MirroredRepository): boolean {
    const { visibility, openBy } = this.#visibility.namespaces.of(found);
    return visibility === 'private' && openBy === undefined;
  }

  #refusalOf(client: Client, cause?: Error): RegistryError {
    const why = this.#logIns.whyRefused(client);
    const behind = why === undefined ? cause?.cause : new Error(why, { cause: cause?.cause });
    if (this.#logIns.isPossible(client))
      return new RegistryError('UNAUTHORIZED', { cause: behind });
    const message = this.#logIns.isPossibleOverTls(client)
      ? 'this needs a log-in, and that needs https'
      : 'this needs a client certificate';
    return new RegistryError('DENIED', { message, cause: behind });
  }
}

function byUpstream(repository: MirroredRepository, identity: Identity): Admitted {
  const rule = 'access.upstreamCredentials';
  return { repository: askedFor(repository, 'some'), rule, identity, isOpen: false };
}

function reasonOf({ cause, message }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
