import { RegistryError } from '../registry/errors.ts';
import type { AccountState } from './accountState.ts';
import { LogInRefused } from './logInRefused.ts';
import { UpstreamError } from './upstreamError.ts';

/** What the accounts for one call are chosen by. */
export interface AccountChoiceOptions {
  /** The upstream's name. */
  readonly host: string;
  /** What is asked for, for messages. */
  readonly subject: string;
  /** Those that are meant for it, in the order in which they are preferred, all else being equal. */
  readonly candidates: readonly AccountState[];
  /** What it is asked as when none of them can be used. */
  readonly fallback: AccountState | undefined;
  /** Whether the call counts as a pull. */
  readonly isPull: boolean;
  /** How many pulls of an account it has to leave. */
  readonly reserve: number;
}

/** A try with one account. */
export interface AccountTurn {
  readonly state: AccountState;
  /** To be called when it is over, whatever came of it. */
  readonly end: () => void;
}

/**
 * The accounts that one call is made with, one after the other until one gets an answer: the one with the
 * most pulls left, of those that are not set aside. None twice, unless it was refused with a secret that
 * has been replaced since.
 */
export class AccountChoice {
  readonly #options: AccountChoiceOptions;
  readonly #tried = new Set<AccountState>();
  readonly #denied = new Set<AccountState>();
  /** Those whose log-in was refused in this call. */
  readonly #refused = new Set<AccountState>();
  readonly #triedAgain = new Set<AccountState>();
  #denial: RegistryError | undefined;
  #limit: UpstreamError | undefined;
  #unauthorized: UpstreamError | undefined;

  constructor(options: AccountChoiceOptions) {
    this.#options = options;
  }

  /**
   * The account to go on with. Its turn is to be ended.
   * @throws {UpstreamError} `pull_limit` or `credentials_refused` when none is left, with the time until the
   * first is tried again
   * @throws {RegistryError} `NAME_UNKNOWN` when the repository was denied to all
   */
  async next(): Promise<AccountTurn> {
    const { candidates, fallback } = this.#options;
    await Promise.all(candidates.map((state) => state.heedNewSecret()));
    for (const state of this.#refused) {
      if (state.logInPause === 0) this.#tryAgain(state);
    }
    // From here to the begin of its pull nothing is waited for: the next of many calls has to see it.
    const usable = candidates.filter((state) => this.#isUsable(state));
    const isLastResort = fallback !== undefined && this.#denied.size === 0;
    const last = isLastResort && this.#isUsable(fallback) ? fallback : undefined;
    const state = withMostLeft(usable) ?? last;
    if (state === undefined) throw this.#failure();
    this.#tried.add(state);
    return { state, end: this.#options.isPull ? state.beginPull() : nothingToEnd };
  }

  /** Takes in why a try failed: returns when another account may do better, else throws the error. */
  failed(error: unknown, tried: AccountState): void {
    if (error instanceof LogInRefused) {
      this.#refused.add(tried);
      return;
    }
    if (error instanceof RegistryError && error.code === 'NAME_UNKNOWN') {
      this.#denial = error;
      this.#denied.add(tried);
    } else if (error instanceof UpstreamError && error.failure === 'pull_limit') {
      this.#limit = error;
    } else if (error instanceof UpstreamError && error.failure === 'credentials_refused') {
      // The log-in was accepted, and then the registry does not take what it gave.
      this.#unauthorized = error;
    } else {
      throw error;
    }
  }

  /** A new secret lifts the pause that the old one brought. Once: a call must come to an end. */
  #tryAgain(state: AccountState): void {
    if (this.#triedAgain.has(state)) return;
    this.#triedAgain.add(state);
    this.#tried.delete(state);
  }

  #isUsable(state: AccountState): boolean {
    if (this.#tried.has(state) || state.logInPause > 0) return false;
    return !this.#options.isPull || state.pullPause(this.#options.reserve) === 0;
  }

  /**
   * What the call fails with. A denial is the truth only where all those were asked that are meant for the
   * repository: one that is set aside may see it, and an anonymous client is no witness.
   */
  #failure(): Error {
    const { host, subject, candidates, fallback, reserve } = this.#options;
    const all = fallback === undefined ? candidates : [...candidates, fallback];
    const blocked = all.filter((state) => !this.#denied.has(state));
    if (this.#denial !== undefined && candidates.every((state) => this.#denied.has(state))) {
      return this.#denial;
    }
    if (this.#unauthorized !== undefined && this.#limit === undefined) return this.#unauthorized;
    const names = blocked.map(({ name }) => name).join(', ');
    const lacksPulls = this.#options.isPull && blocked.some(({ logInPause }) => logInPause === 0);
    if (this.#limit === undefined && !lacksPulls) {
      const message = `${subject}: no log-in was accepted lately, or its secret cannot be read: ${names}`;
      const retryAfter = secondsToFirst(blocked.map(({ logInPause }) => logInPause));
      return new UpstreamError(host, 'credentials_refused', message, { retryAfter });
    }
    const pauses = blocked.map((state) => Math.max(state.logInPause, state.pullPause(reserve)));
    // What was no pull, or set no account aside, is told as the upstream told it.
    if (this.#limit !== undefined && (!this.#options.isPull || pauses.includes(0))) {
      return this.#limit;
    }
    const beyond = reserve > 0 ? ` beyond the ${reserve} in reserve` : '';
    const message = `${subject}: no pulls are left to ${names}${beyond}`;
    return new UpstreamError(host, 'pull_limit', message, {
      status: this.#limit?.status,
      retryAfter: secondsToFirst(pauses),
    });
  }
}

function nothingToEnd(): void {
  // A call that does not count as a pull.
}

function secondsToFirst(pauses: readonly number[]): number {
  return Math.max(1, Math.ceil(Math.min(...pauses) / 1000));
}

function withMostLeft(states: readonly AccountState[]): AccountState | undefined {
  return states.reduce<AccountState | undefined>(
    (best, state) => (best === undefined || state.quota.left > best.quota.left ? state : best),
    undefined,
  );
}
