import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { failuresCountFor } from './attemptLine.ts';
import { costOf, hashOfNothing, matchesHash } from './bcryptHash.ts';
import { CheckSlots } from './checkSlots.ts';
import type { Login } from './login.ts';
import type { LogInFailures } from './logInFailures.ts';

/** What {@link Passwords} are made from. */
export interface PasswordsOptions {
  /** The bcrypt hash of each user's password, by user name. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly failures: LogInFailures;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Whether a password is the one that a hash was made of; {@link matchesHash}, but for tests. */
  readonly matches?: (password: string, hash: string) => Promise<boolean>;
}

/** What came of a check, and for how long it holds: as long as the user's hash is this one. */
interface Verdict {
  readonly username: string;
  /** `undefined`: there was no such user. */
  readonly hash: string | undefined;
  readonly at: number;
}

const rememberedVerdicts = 10_000;
// In milliseconds. It costs each client a check an hour.
const acceptedFor = 3_600_000;
// More of them would keep others waiting who have to do with a disk: they share the thread pool, and two cores.
const checksAtOnce = 2;
// That of "htpasswd -B" is 5, ours 10.
const costWithoutUsers = 10;

/**
 * The passwords of the users, as bcrypt hashes. An answer takes as long for a user that exists as for one that
 * does not, and whatever the cost of each hash is: as long as a check against the most costly one. What was
 * found out of an `Authorization` field is remembered by a hash under a key of this process, never the
 * field or the password: for an hour, of 10,000 fields, unless the user's hash changes before.
 *
 * A field that was refused is remembered too, for 15 minutes: the same wrong password again is no guess. So a
 * client that was forgotten when a password changed, and that asks all day, costs next to nothing and does not slow down
 * those who share its address.
 */
export class Passwords {
  readonly #failures: LogInFailures;
  readonly #now: () => number;
  readonly #matches: (password: string, hash: string) => Promise<boolean>;
  // With 32 bytes it would take SHA-256 a tenth more time for each request.
  readonly #key = randomBytes(16).toString('base64');
  readonly #accepted = new LRUCache<string, Verdict>({ max: rememberedVerdicts });
  readonly #refused = new LRUCache<string, Verdict>({ max: rememberedVerdicts });
  readonly #checks = new SingleFlight<string, boolean>();
  readonly #slots = new CheckSlots(checksAtOnce);
  /** The users that there are and were, in lower case. */
  readonly #names = new Set<string>();
  #hashes: ReadonlyMap<string, string>;
  #highestCost: number;

  constructor({ hashes, failures, now, matches = matchesHash }: PasswordsOptions) {
    this.#failures = failures;
    this.#now = now;
    this.#matches = matches;
    this.#hashes = hashes;
    this.#highestCost = highestCostOf(hashes);
    this.#noteNames();
  }

  /** Takes other users and hashes from now on, also for a check that is under way. */
  replace(hashes: ReadonlyMap<string, string>): void {
    this.#hashes = hashes;
    this.#highestCost = highestCostOf(hashes);
    this.#noteNames();
    for (const verdicts of [this.#accepted, this.#refused]) {
      for (const [key, verdict] of verdicts) if (!this.#isInForce(verdict)) verdicts.delete(key);
    }
  }

  /**
   * Whether there is or was such a user in this process's life, in whatever case: a client goes on sending
   * the password of a user who was removed, and people mistype names.
   */
  has(username: string): boolean {
    return this.#names.has(username.toLowerCase());
  }

  /** The user whose password was found in this very field, as far as that is remembered. Takes about a microsecond. */
  recall(authorization: string): string | undefined {
    return this.#recall(this.#accepted, this.#keyOf(authorization), acceptedFor)?.username;
  }

  /**
   * Whether the password is the user's. `login` is what `authorization` says. Waits as long as
   * {@link LogInFailures} demands. However many ask for the same field at once, it is checked once.
   * @throws {RegistryError} `TOOMANYREQUESTS` where too many wait
   */
  async verify(authorization: string, login: Login, address: string): Promise<boolean> {
    const key = this.#keyOf(authorization);
    if (this.#recall(this.#accepted, key, acceptedFor) !== undefined) return true;
    if (this.#recall(this.#refused, key, failuresCountFor) !== undefined) return false;
    const attempt = (): Promise<boolean> =>
      this.#failures.attempt(login.username, address, () => this.#check(key, login));
    return this.#checks.run(key, attempt).promise;
  }

  #noteNames(): void {
    for (const name of this.#hashes.keys()) this.#names.add(name.toLowerCase());
  }

  // A file that changed meanwhile counts as it is now.
  async #check(key: string, login: Login): Promise<boolean> {
    const { username, password } = login;
    for (;;) {
      const known = this.#hashes.get(username);
      const isRight = await this.#slots.run(() => this.#isRight(password, known));
      const verdict = { username, hash: known, at: this.#now() };
      if (!this.#isInForce(verdict)) continue;
      (isRight ? this.#accepted : this.#refused).set(key, verdict);
      return isRight;
    }
  }

  /**
   * A user with a hash that costs less than others would else be known by quicker answers. A step of cost is
   * twice the work, so that one check each at the cost c, at c, c + 1 and so on up to n - 1 take as long as one at n.
   */
  async #isRight(password: string, known: string | undefined): Promise<boolean> {
    const highest = this.#highestCost;
    const cost = known === undefined ? undefined : costOf(known);
    if (known !== undefined && (await this.#matches(password, known))) return true;
    if (cost === undefined) await this.#matches(password, hashOfNothing(highest));
    for (let more = cost ?? highest; more < highest; more += 1) {
      await this.#matches(password, hashOfNothing(more));
    }
    return false;
  }

  #recall(verdicts: LRUCache<string, Verdict>, key: string, period: number): Verdict | undefined {
    const verdict = verdicts.get(key);
    return verdict !== undefined && this.#now() - verdict.at < period ? verdict : undefined;
  }

  #isInForce(verdict: Verdict): boolean {
    return this.#hashes.get(verdict.username) === verdict.hash;
  }

  #keyOf(authorization: string): string {
    // What HMAC has beyond this would keep somebody who sees hashes from making others; nobody sees these.
    return hash('sha256', this.#key + authorization, 'base64');
  }
}

function highestCostOf(hashes: ReadonlyMap<string, string>): number {
  const costs = [...hashes.values()].map(costOf).filter((cost) => cost !== undefined);
  return costs.length === 0 ? costWithoutUsers : Math.max(...costs);
}
