import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { MirroredRepository, MirroredUpstream } from '../mirror/mirroredUpstream.ts';
import { repositoryKey } from '../store/catalog.ts';
import type { Credential } from '../upstream/account.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import type { Login } from './login.ts';
import type { LogInFailures } from './logInFailures.ts';

/** What {@link UpstreamCredentials} are made from. */
export interface UpstreamCredentialsOptions {
  /** Those of the users' passwords: a client has not twice as many guesses. */
  readonly failures: LogInFailures;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** What the upstream said, by its hash; until when it holds, in milliseconds of the clock. */
type Verdicts = LRUCache<string, number>;

// Of each kind: what was granted is not forgotten for the sake of guesses.
const remembered = 10_000;
// The life of a Docker Hub token: that long the Hub itself would not look again. In milliseconds.
const grantedFor = 300_000;
// Access may be given at any moment.
const deniedFor = 30_000;
// The same wrong password does not become right, and Docker Hub locks a user name after repeated failures.
const refusedFor = 300_000;

/**
 * What clients may do with credentials for the upstream itself, Docker Hub's say: the upstream is asked, and
 * what it said is remembered for 5 minutes where it was yes or the log-in was refused, and for 30 s where the
 * log-in is right but the repository can't be seen. It is remembered by a hash under a key of this process;
 * neither the credentials nor anything that was got with them are kept.
 *
 * The log-in is checked before any repository, once for all of those at one upstream, and goes through
 * {@link LogInFailures}, so that the mirror is no machine for guessing passwords of others. That somebody
 * who can log in may not see a repository is no failed log-in.
 *
 * The caller makes sure that the credentials did not come in the clear over a network, and that the name is no
 * user's of the mirror itself: such a password is not for an upstream.
 */
export class UpstreamCredentials {
  readonly #failures: LogInFailures;
  readonly #now: () => number;
  readonly #key = randomBytes(32).toString('base64');
  readonly #yes: Verdicts = new LRUCache({ max: remembered });
  readonly #no: Verdicts = new LRUCache({ max: remembered });
  readonly #checks = new SingleFlight<string, boolean>();

  constructor({ failures, now }: UpstreamCredentialsOptions) {
    this.#failures = failures;
    this.#now = now;
  }

  /**
   * Whether who sends this field may pull from the repository, if that is remembered; `undefined` when the
   * upstream would have to be asked. Takes about a microsecond.
   */
  recall(authorization: string, repository: MirroredRepository): boolean | undefined {
    if (repository.credentials === undefined) return false;
    const sender = this.#senderOf(authorization);
    // A log-in that was refused since then ends what was granted before.
    if (this.#recall(logInKey(sender, repository)) === false) return false;
    return this.#recall(pullKey(sender, repository));
  }

  /**
   * Whether who sends this field, which says `login`, may pull from the repository at the upstream, and so
   * from here. However many ask at once, the upstream is asked once. Waits as long as {@link LogInFailures}
   * demands for a log-in that is not known.
   * @throws {UpstreamError} when the upstream can't be asked
   * @throws {RegistryError} `TOOMANYREQUESTS` where too many wait
   */
  async check(
    authorization: string,
    login: Login,
    repository: MirroredRepository,
    address: string,
  ): Promise<boolean> {
    const { credentials, name } = repository;
    if (credentials === undefined) return false;
    const mayLogIn = await this.logsIn(authorization, login, repository, address);
    if (!mayLogIn) return false;
    return await this.#know(pullKey(this.#senderOf(authorization), repository), deniedFor, () =>
      credentials.mayPull(name, credentialOf(login)),
    );
  }

  /** Whether who sends this field, which says `login`, can log in at the upstream; otherwise as {@link check}. */
  async logsIn(
    authorization: string,
    login: Login,
    upstream: MirroredUpstream,
    address: string,
  ): Promise<boolean> {
    const { credentials } = upstream;
    if (credentials === undefined) return false;
    return await this.#know(logInKey(this.#senderOf(authorization), upstream), refusedFor, () =>
      this.#failures.attempt(login.username, address, () =>
        credentials.logsIn(credentialOf(login)),
      ),
    );
  }

  /** What is remembered under the key, else what the upstream says now. */
  async #know(key: string, noFor: number, ask: () => Promise<boolean>): Promise<boolean> {
    const known = this.#recall(key);
    if (known !== undefined) return known;
    return await this.#checks.run(key, async () => {
      const verdict = await ask();
      const verdicts = verdict ? this.#yes : this.#no;
      verdicts.set(key, this.#now() + (verdict ? grantedFor : noFor));
      return verdict;
    }).promise;
  }

  #recall(key: string): boolean | undefined {
    const now = this.#now();
    if (now < (this.#no.get(key) ?? -Infinity)) return false;
    return now < (this.#yes.get(key) ?? -Infinity) ? true : undefined;
  }

  /** Stands for who sends the field, and gives nothing of it away. */
  #senderOf(authorization: string): string {
    // What HMAC has beyond this would keep somebody who sees hashes from making others; nobody sees these.
    return hash('sha256', this.#key + authorization, 'base64');
  }
}

function logInKey(sender: string, { upstream }: MirroredUpstream): string {
  return `${sender} ${upstream.host}`;
}

/** A host has no slash: it is never the key of a log-in. */
function pullKey(sender: string, repository: MirroredRepository): string {
  return `${sender} ${repositoryKey(repository)}`;
}

function credentialOf({ username, password }: Login): Credential {
  return { username, secret: password };
}
