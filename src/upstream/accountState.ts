import { accountName, type Account } from './account.ts';
import type { Call } from './call.ts';
import { BackOff } from './backOff.ts';
import { FirstLogIn } from './firstLogIn.ts';
import { PullQuota } from './pullQuota.ts';
import { LogInRefused } from './logInRefused.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import type { RateLimitReading, SetAsideReason } from './upstreamObserver.ts';

/** An answer about a manifest. */
export interface ManifestAnswer {
  readonly call: Call;
  /** What it said of the pull limit, if anything. */
  readonly said: RateLimitReading | undefined;
  /** When it was asked for, in milliseconds of the monotonic clock. */
  readonly askedAt: number;
  /** Whether it counts as a pull. */
  readonly isPull: boolean;
  /** Whether it was a 429. */
  readonly isThrottled: boolean;
}

const shortestStated = 1_000;
// Docker Hub's window: what is beyond it is nonsense.
const longestStated = 21_600_000;

/**
 * What is known of one account at its upstream, or of asking anonymously: whether it can log in and what
 * is left of its pulls. Where either fails it is set aside, for the time that was stated, else for a
 * minute and for twice as long each time up to ten: Docker Hub locks a user name for ten minutes after
 * repeated failures, and a log-in at each pull would keep it locked. Of pulls that are used up, ten
 * minutes is how often that is asked about at least; the end of the window is but an upper bound.
 */
export class AccountState {
  /** `undefined` stands for asking anonymously. */
  readonly account: Account | undefined;
  readonly quota: PullQuota;
  readonly #context: UpstreamContext;
  readonly #logIn: BackOff;
  readonly #pulls: BackOff;
  readonly #firstLogIn = new FirstLogIn();
  #refusedSecret: string | undefined;
  #isAside = false;
  #example: Call | undefined;

  constructor(account: Account | undefined, context: UpstreamContext) {
    this.account = account;
    this.#context = context;
    this.quota = new PullQuota(context);
    this.#logIn = new BackOff(context.now);
    this.#pulls = new BackOff(context.now);
  }

  /** How it is called in metrics and messages. */
  get name(): string {
    return accountName(this.account);
  }

  /** The last call whose answer told what is left. */
  get example(): Call | undefined {
    return this.#example;
  }

  /** Milliseconds until a log-in is tried again; 0 when nothing speaks against one. */
  get logInPause(): number {
    return this.#logIn.left;
  }

  /** Milliseconds until it is used for a pull that is to leave so many; 0 when nothing speaks against it. */
  pullPause(reserve: number): number {
    const { left, resetsIn = 0 } = this.quota;
    const reserved = reserve > 0 && left <= reserve ? resetsIn : 0;
    return Math.max(this.#pulls.left, reserved);
  }

  /** A pull begins; where they were used up, one is enough to find out. Returns what ends it. */
  beginPull(): () => void {
    const endTrial = this.#pulls.isArmed ? this.#pulls.beginTrial() : undefined;
    this.quota.pullBegan();
    return () => {
      this.quota.pullEnded();
      endTrial?.();
    };
  }

  /** Runs a log-in at the token service: one at a time while it is not known whether the secret is good. */
  logIn<T>(account: Account, secret: string, work: () => Promise<T>): Promise<T> {
    return this.#firstLogIn.run(secret, async () => {
      // Another one with it may have been refused meanwhile.
      if (this.#logIn.left > 0) throw new LogInRefused(account);
      return await work();
    });
  }

  /** Its log-in was refused with this secret; `undefined`: there was none to be had. */
  refuse(secret: string | undefined): void {
    // Of those who were refused at the same time, the first one counts.
    if (this.#logIn.left > 0) return;
    this.#refusedSecret = secret;
    this.#setAside('refused', this.#logIn.begin(undefined));
  }

  /** It can log in. */
  accept(): void {
    this.#logIn.lift();
    this.#comeBack();
  }

  /** Lets it log in before its time if its secret is another one since. */
  async heedNewSecret(): Promise<void> {
    if (this.account === undefined || this.#logIn.left === 0) return;
    const secret = await this.#currentSecret(this.account);
    if (secret !== undefined && secret !== this.#refusedSecret) this.#logIn.lift();
  }

  /** It met the pull limit, with a request sent at `askedAt`; `retryAfter` is what was stated, in seconds. */
  limit(retryAfter: number | undefined, askedAt: number): void {
    if (askedAt <= this.#pulls.beganAt) return;
    const stated =
      retryAfter === undefined
        ? undefined
        : Math.min(Math.max(retryAfter * 1000, shortestStated), longestStated);
    this.#setAside('pull_limit', this.#pulls.begin(stated, this.quota.resetsIn));
  }

  /** Takes in an answer about a manifest. */
  read({ call, said, askedAt, isPull, isThrottled }: ManifestAnswer): void {
    const { host, observer } = this.#context;
    observer.rateLimitRead(host, this.name, this.quota.read(said, { askedAt, isPull }));
    if (isThrottled) return;
    if (said?.remaining !== undefined) this.#example = call;
    if (this.quota.isUsedUp) {
      if (!this.#pulls.isArmed) this.limit(undefined, askedAt);
      return;
    }
    const showsPulls = isPull || said?.remaining !== undefined;
    if (!showsPulls || askedAt < this.#pulls.beganAt) return;
    this.#pulls.lift();
    this.#comeBack();
  }

  async #currentSecret(account: Account): Promise<string | undefined> {
    try {
      return (await account.credential()).secret;
    } catch {
      return undefined;
    }
  }

  #setAside(reason: SetAsideReason, milliseconds: number): void {
    const { host, observer } = this.#context;
    this.#isAside = true;
    observer.accountSetAside(host, this.name, reason, Math.ceil(milliseconds / 1000));
  }

  #comeBack(): void {
    if (!this.#isAside || this.#logIn.isArmed || this.#pulls.isArmed) return;
    this.#isAside = false;
    this.#context.observer.accountBack(this.#context.host, this.name);
  }
}
