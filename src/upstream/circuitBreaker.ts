import { evidenceOf } from './evidence.ts';
import type { UpstreamError } from './upstreamError.ts';

/** Why calls are refused now. */
export interface Refusal {
  /** What ended the last call that counted. */
  readonly error: UpstreamError;
  /** Milliseconds until a call is let through; 0 while one is under way that finds out. */
  readonly milliseconds: number;
}

/** A call that was let through. */
export interface Attempt {
  /** How many calls had succeeded when it began. */
  readonly successes: number;
}

/** What a {@link CircuitBreaker} is made from. */
export interface CircuitBreakerOptions {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Told when it opens, with the reason, and when it closes: `undefined`. Not told of failed probes. */
  readonly changed: (refusal: Refusal | undefined) => void;
}

interface Opening {
  readonly error: UpstreamError;
  readonly until: number;
  /** How long the next one is, if the probe fails, in milliseconds. */
  readonly nextWindow: number;
  /** Whether the far side itself asked not to be asked. */
  readonly held: boolean;
  probe: Attempt | undefined;
}

const failuresToOpen = 5;
const firstWindow = 1_000;
const longestWindow = 30_000;
const longestHold = 60_000;

/**
 * Keeps calls from an upstream, or a part of one, that is away, so that it costs a time-out now and then and not one for
 * each pull. It opens after five failures in a row, and at once when a call ran out of time, if nothing has
 * succeeded since that call began. After 1 s, and twice as long each time up to 30 s, one call is let
 * through as a probe; a success closes it. `Retry-After` of an abuse limit holds it open for that long,
 * at most 60 s.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #changed: (refusal: Refusal | undefined) => void;
  #failures = 0;
  #lastFailure: unknown;
  #successes = 0;
  #opening: Opening | undefined;

  constructor({ now, changed }: CircuitBreakerOptions) {
    this.#now = now;
    this.#changed = changed;
  }

  /** Why a call would be refused at this moment; `undefined` when it would be let through. */
  get refusal(): Refusal | undefined {
    if (this.#opening === undefined) return undefined;
    const { error, until, probe } = this.#opening;
    const milliseconds = Math.max(0, until - this.#now());
    return milliseconds === 0 && probe === undefined ? undefined : { error, milliseconds };
  }

  /** Whether nothing has succeeded since it opened, though a call may be let through now. */
  get inDoubt(): boolean {
    return this.#opening !== undefined;
  }

  /** A call begins, there being no refusal. It must be ended: in one of three ways, and once. */
  begin(): Attempt {
    const attempt = { successes: this.#successes };
    if (this.#opening !== undefined) this.#opening.probe = attempt;
    return attempt;
  }

  /** The call brought what was asked for, or that it does not exist. */
  succeeded(attempt: Attempt): void {
    // A call that overlapped with the one that was throttled does not lift the hold.
    if (this.#opening?.held && this.#opening.probe !== attempt) return;
    this.#successes += 1;
    this.#failures = 0;
    if (this.#opening === undefined) return;
    this.#opening = undefined;
    this.#changed(undefined);
  }

  /** The call failed; what that says about the upstream is seen from the error. */
  failed(attempt: Attempt, error: unknown): void {
    const evidence = evidenceOf(error);
    if (evidence.kind === 'there') this.succeeded(attempt);
    else if (evidence.kind === 'away') this.#failed(attempt, evidence);
    else if (evidence.kind === 'throttled') this.#hold(evidence.error, evidence.milliseconds);
    else this.abandoned(attempt);
  }

  /** The call was given up, or never reached the upstream: nothing is known. Another may be the probe. */
  abandoned(attempt: Attempt): void {
    if (this.#opening?.probe === attempt) this.#opening.probe = undefined;
  }

  #failed(attempt: Attempt, { error, slow }: { error: UpstreamError; slow: boolean }): void {
    if (this.#opening !== undefined) {
      if (this.#opening.probe === attempt) this.#open(error, this.#opening.nextWindow, false);
      return;
    }
    // Calls that waited for one token fail with one error: that is one failure.
    if (attempt.successes !== this.#successes || error === this.#lastFailure) return;
    this.#lastFailure = error;
    this.#failures += 1;
    if (slow || this.#failures >= failuresToOpen) this.#open(error, firstWindow, false);
  }

  #hold(error: UpstreamError, milliseconds: number): void {
    const length = Math.min(Math.max(milliseconds, firstWindow), longestHold);
    if (this.#opening !== undefined && this.#opening.until > this.#now() + length) return;
    this.#open(error, length, true);
  }

  #open(error: UpstreamError, window: number, held: boolean): void {
    const wasOpen = this.#opening !== undefined;
    const nextWindow = held ? firstWindow : Math.min(window * 2, longestWindow);
    this.#opening = { error, until: this.#now() + window, nextWindow, held, probe: undefined };
    if (!wasOpen) this.#changed({ error, milliseconds: window });
  }
}
