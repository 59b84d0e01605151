import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { RegistryError } from '../registry/errors.ts';
import { AttemptLine, failuresCountFor, type AttemptClock } from './attemptLine.ts';
import { clientNetwork } from './clientNetwork.ts';

/** What {@link LogInFailures} is told. */
export interface LogInFailuresOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Settles after so many milliseconds; by default when they have passed. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** Failures of one user name from one address. */
interface OwnFailures {
  readonly count: number;
  readonly lastAt: number;
}

// Of addresses, of user names and of pairs of them, each.
const remembered = 10_000;
const waitingInAll = 1000;
const waitingInLine = 100;
// In milliseconds. Few clients have the patience for more: docker login waits for 15 s.
const longestWait = 60_000;
const fullRetryAfter = 30;

/**
 * Slows guessing, whatever it is that is guessed: after two failures that cost nothing, an attempt waits for what
 * {@link AttemptLine} says, for the address that it comes from and for the user name that it is for, be there such
 * a user or not. Of an IPv6 address the network counts ({@link clientNetwork}), of a user name not its case, since
 * Docker Hub makes no difference. Failures are forgotten 15 minutes after the last one.
 *
 * A success takes back the failures of that very user name, case included, from that very address, a typing error,
 * and no others: who has one account could else log in with it after every other guess at somebody else's. Nor do the
 * log-ins of the user who is guessed at, from elsewhere, give the one who guesses new attempts. On the other
 * hand nobody can lock a user out of the places where that user works: for an address that the user has
 * logged in from, the failures for the name from other places are not waited for, only those from that address.
 *
 * What is remembered is bounded, least recently used first: 10,000 each of addresses, user names (as hashes),
 * pairs of them with failures, and pairs that have logged in. To be forgotten earlier takes ten thousand failures
 * from elsewhere, which costs more time than it gains. Those who wait are bounded too: a thousand in all, and
 * for one address or name a hundred, or as many as have their turn within a minute.
 */
export class LogInFailures {
  readonly #clock: AttemptClock;
  readonly #ofAddresses = new LRUCache<string, AttemptLine>({ max: remembered });
  readonly #ofNames = new LRUCache<string, AttemptLine>({ max: remembered });
  readonly #ofPairs = new LRUCache<string, OwnFailures>({ max: remembered });
  readonly #loggedIn = new LRUCache<string, true>({ max: remembered });
  #waiting = 0;

  constructor({ now, wait = (milliseconds) => sleep(milliseconds) }: LogInFailuresOptions) {
    this.#clock = { now, wait };
  }

  /** Whether an attempt would have to wait now. */
  isSlowed(username: string, address: string): boolean {
    const { block, name, pair } = keysOf(username, address);
    const slowedName = !this.#loggedIn.has(pair) && this.#ofNames.get(name)?.isSlowed === true;
    return slowedName || this.#ofAddresses.get(block)?.isSlowed === true;
  }

  /**
   * Makes an attempt when its turn has come: `check` settles with whether the credentials are right. Where it
   * rejects, nothing is known, nothing counted, and the error thrown on.
   * @throws {RegistryError} `TOOMANYREQUESTS` at once, where too many wait already
   */
  async attempt(
    username: string,
    address: string,
    check: () => Promise<boolean>,
  ): Promise<boolean> {
    const { block, name, pair } = keysOf(username, address);
    const ofAddress = this.#lineOf(this.#ofAddresses, block);
    const ofName = this.#lineOf(this.#ofNames, name);
    // The address first: who waits for its turn keeps nobody from trying the name from elsewhere.
    const lines = this.#loggedIn.has(pair) ? [ofAddress] : [ofAddress, ofName];
    this.#refuseTooMany(lines);
    await this.#waitIn(lines);
    try {
      const isRight = await check();
      if (isRight) this.#succeeded(pair, [ofAddress, ofName]);
      else this.#failed(pair, [ofAddress, ofName]);
      return isRight;
    } finally {
      for (const line of lines) line.leave();
    }
  }

  #lineOf(lines: LRUCache<string, AttemptLine>, key: string): AttemptLine {
    const known = lines.get(key);
    if (known !== undefined) return known;
    const line = new AttemptLine(this.#clock);
    lines.set(key, line);
    return line;
  }

  #refuseTooMany(lines: readonly AttemptLine[]): void {
    if (this.#waiting >= waitingInAll) throw tooMany(fullRetryAfter);
    const wait = Math.max(...lines.map(({ expectedWait }) => expectedWait));
    const isLong = lines.some(({ waiting }) => waiting >= waitingInLine);
    if (isLong || wait > longestWait) throw tooMany(Math.max(1, Math.ceil(wait / 1000)));
  }

  async #waitIn(lines: readonly AttemptLine[]): Promise<void> {
    for (const line of lines) line.join();
    this.#waiting += 1;
    for (const line of lines) await line.begin();
    this.#waiting -= 1;
  }

  #succeeded(pair: string, lines: readonly AttemptLine[]): void {
    const own = this.#own(pair);
    for (const line of lines) line.forgive(own);
    this.#ofPairs.delete(pair);
    this.#loggedIn.set(pair, true);
  }

  #failed(pair: string, lines: readonly AttemptLine[]): void {
    for (const line of lines) line.failed();
    this.#ofPairs.set(pair, { count: this.#own(pair) + 1, lastAt: this.#clock.now() });
  }

  /** How many failures of this user name from this address count. */
  #own(pair: string): number {
    const own = this.#ofPairs.get(pair);
    if (own === undefined || this.#clock.now() - own.lastAt > failuresCountFor) return 0;
    return own.count;
  }
}

interface Keys {
  readonly block: string;
  readonly name: string;
  readonly pair: string;
}

function keysOf(username: string, address: string): Keys {
  const block = clientNetwork(address);
  // Users are told apart by case: one of them must not have guesses at another forgiven.
  return { block, name: keyOf(username.toLowerCase()), pair: `${keyOf(username)} ${block}` };
}

/** A header field has room for a name of many kilobytes. */
function keyOf(username: string): string {
  return hash('sha256', username, 'base64');
}

function tooMany(retryAfter: number): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', {
    message: 'too many failed log-ins: try again later',
    retryAfter,
  });
}
