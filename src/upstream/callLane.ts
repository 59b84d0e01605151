import { LRUCache } from 'lru-cache';
import type { Call, LogInCall } from './call.ts';
import { CircuitBreaker, type Attempt } from './circuitBreaker.ts';
import { ConnectionSlots, type ConnectionSlot } from './connectionSlots.ts';
import { Deadline } from './deadline.ts';
import { evidenceOf } from './evidence.ts';
import type { Reachability } from './reachability.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';
import type { UpstreamCircuit } from './upstreamObserver.ts';

/** What a {@link CallLane} is made from; times in milliseconds. */
export interface CallLaneOptions {
  readonly context: UpstreamContext;
  readonly circuit: UpstreamCircuit;
  /** What has a circuit of its own. */
  readonly concernOf: (call: LaneCall) => string;
  readonly reachability: Reachability;
  /** How many connections there are. */
  readonly connections: number;
  /** For waiting in line for one of them. */
  readonly waitTimeout: number;
  /** For everything that comes then. */
  readonly timeout: number;
}

/** One call, as the circuits know it. */
interface Attempts {
  readonly concern: string;
  readonly own: CircuitBreaker;
  readonly ofOne: Attempt;
  readonly ofAll: Attempt;
}

// About as long as a transfer of a middling layer takes: then a connection is free.
const busyRetryAfter = 5;

/** What a {@link CallLane} wants to know of a call. */
export type LaneCall = Pick<Call | LogInCall, 'subject' | 'repository'>;

// Those that were asked for last; the circuit of one that is forgotten is closed.
const rememberedConcerns = 1000;
// What a single one meets may be trouble of its own.
const concernsToOpen = 2;

/**
 * Calls of one kind to one upstream: they wait in line for a connection, are bounded in time from when
 * they have it, and are refused at once while a circuit is open. How each ended is noted, unless
 * its caller gave it up.
 *
 * There is a circuit for each concern, a repository or a blob, and one for the upstream, which opens when it
 * can't be connected to, or fails for several: a single broken image, asked for again and again, must not
 * take the others away.
 */
export class CallLane {
  readonly #options: CallLaneOptions;
  readonly #breaker: CircuitBreaker;
  readonly #ofConcerns = new LRUCache<string, CircuitBreaker>({ max: rememberedConcerns });
  /** Those that it failed for since it last succeeded for any. */
  readonly #failing = new Set<string>();
  readonly #slots: ConnectionSlots;

  constructor(options: CallLaneOptions) {
    const { context, circuit, connections } = options;
    this.#options = options;
    this.#breaker = new CircuitBreaker({
      now: context.now,
      changed: (refusal) => context.observer.circuitChanged(context.host, circuit, refusal),
    });
    this.#slots = new ConnectionSlots(connections);
  }

  /** Whether nothing has succeeded since the circuit of the upstream opened. */
  get inDoubt(): boolean {
    return this.#breaker.inDoubt;
  }

  /**
   * Makes a call, which `caller` ends at any time. `work` may lend its connection to a body that outlives
   * the call. What a refused call fails with names the time after which to come back.
   */
  async run<T>(
    call: LaneCall,
    work: (deadline: Deadline, slot: ConnectionSlot) => Promise<T>,
    caller?: AbortSignal,
  ): Promise<T> {
    const { subject } = call;
    const concern = this.#options.concernOf(call);
    const own = this.#ofConcern(concern);
    this.#refuseWhileAway(subject, own);
    const slot = this.#slots.tryAcquire() ?? (await this.#waitInLine(subject, caller));
    try {
      // While it waited, the others may have found the upstream to be away.
      this.#refuseWhileAway(subject, own);
      const deadline = this.#deadline(subject, caller);
      const attempts = { concern, own, ofOne: own.begin(), ofAll: this.#breaker.begin() };
      return await this.#attempt(attempts, deadline, () => work(deadline, slot));
    } finally {
      slot.release();
    }
  }

  #deadline(subject: string, caller: AbortSignal | undefined): Deadline {
    const { context, timeout } = this.#options;
    const expired = (): Error =>
      new UpstreamError(context.host, 'unreachable', `${subject}: no answer in time`, {
        symptom: 'timed_out',
      });
    return new Deadline(timeout, expired, caller);
  }

  async #attempt<T>(attempts: Attempts, deadline: Deadline, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#options.reachability.answered();
      this.#failing.clear();
      attempts.own.succeeded(attempts.ofOne);
      this.#breaker.succeeded(attempts.ofAll);
      return result;
    } catch (error) {
      if (deadline.abandoned) this.#noteNothing(attempts);
      else this.#noteFailure(attempts, error);
      throw error;
    } finally {
      deadline.lift();
    }
  }

  #noteNothing({ own, ofOne, ofAll }: Attempts): void {
    own.abandoned(ofOne);
    this.#breaker.abandoned(ofAll);
  }

  #noteFailure({ concern, own, ofOne, ofAll }: Attempts, error: unknown): void {
    this.#options.reachability.failed(error);
    own.failed(ofOne, error);
    const evidence = evidenceOf(error);
    if (evidence.kind === 'there') this.#failing.clear();
    if (evidence.kind === 'away') this.#failing.add(concern);
    const isItsOwn = evidence.kind === 'away' && !evidence.wide;
    if (isItsOwn && this.#failing.size < concernsToOpen) this.#breaker.abandoned(ofAll);
    else this.#breaker.failed(ofAll, error);
  }

  async #waitInLine(subject: string, caller: AbortSignal | undefined): Promise<ConnectionSlot> {
    const { context, waitTimeout } = this.#options;
    const tooLong = (): Error =>
      new UpstreamError(context.host, 'busy', `${subject}: no connection was free in time`, {
        retryAfter: busyRetryAfter,
      });
    const deadline = new Deadline(waitTimeout, tooLong, caller);
    try {
      return await this.#slots.acquire(deadline.signal);
    } finally {
      deadline.lift();
    }
  }

  #ofConcern(concern: string): CircuitBreaker {
    const known = this.#ofConcerns.get(concern);
    if (known !== undefined) return known;
    const { now } = this.#options.context;
    const breaker = new CircuitBreaker({ now, changed: () => {} });
    this.#ofConcerns.set(concern, breaker);
    return breaker;
  }

  #refuseWhileAway(subject: string, own: CircuitBreaker): void {
    const refusal = this.#breaker.refusal ?? own.refusal;
    if (refusal === undefined) return;
    const { host } = this.#options.context;
    const seconds = Math.max(1, Math.ceil(refusal.milliseconds / 1000));
    const { failure, status, message } = refusal.error;
    throw new UpstreamError(
      host,
      failure,
      `${subject}: not asked for another ${seconds} s, since it failed (${message})`,
      { status, retryAfter: seconds },
    );
  }
}
