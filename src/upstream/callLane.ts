import type { Call } from './call.ts';
import { CircuitBreaker, type Attempt } from './circuitBreaker.ts';
import { ConnectionSlots, type ConnectionSlot } from './connectionSlots.ts';
import { Deadline } from './deadline.ts';
import type { Reachability } from './reachability.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';
import type { UpstreamCircuit } from './upstreamObserver.ts';

/** What a {@link CallLane} is made from; times in milliseconds. */
export interface CallLaneOptions {
  readonly context: UpstreamContext;
  readonly circuit: UpstreamCircuit;
  readonly reachability: Reachability;
  /** How many connections there are. */
  readonly connections: number;
  /** For waiting in line for one of them. */
  readonly waitTimeout: number;
  /** For everything that comes then. */
  readonly timeout: number;
}

// About as long as a transfer of a middling layer takes: then a connection is free.
const busyRetryAfter = 5;

/**
 * Calls of one kind to one upstream: they wait in line for a connection, are bounded in time from when
 * they have it, and are refused at once while the circuit is open. How each ended is noted, unless
 * its caller gave it up.
 */
export class CallLane {
  readonly #options: CallLaneOptions;
  readonly #breaker: CircuitBreaker;
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

  /** Whether a call would be let through at this moment. */
  get available(): boolean {
    return this.#breaker.refusal === undefined;
  }

  /**
   * Makes a call, which `caller` ends at any time. `work` may lend its connection to a body that outlives
   * the call. What a refused call fails with names the time after which to come back.
   */
  async run<T>(
    { subject }: Pick<Call, 'subject'>,
    work: (deadline: Deadline, slot: ConnectionSlot) => Promise<T>,
    caller?: AbortSignal,
  ): Promise<T> {
    this.#refuseWhileAway(subject);
    const slot = this.#slots.tryAcquire() ?? (await this.#waitInLine(subject, caller));
    try {
      // While it waited, the others may have found the upstream to be away.
      this.#refuseWhileAway(subject);
      return await this.#attempt(this.#deadline(subject, caller), (deadline) =>
        work(deadline, slot),
      );
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

  async #attempt<T>(deadline: Deadline, work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const attempt = this.#breaker.begin();
    try {
      const result = await work(deadline);
      this.#options.reachability.answered();
      this.#breaker.succeeded(attempt);
      return result;
    } catch (error) {
      this.#noteFailure(attempt, error, deadline);
      throw error;
    } finally {
      deadline.lift();
    }
  }

  #noteFailure(attempt: Attempt, error: unknown, { abandoned }: Deadline): void {
    if (abandoned) {
      this.#breaker.abandoned(attempt);
      return;
    }
    this.#options.reachability.failed(error);
    this.#breaker.failed(attempt, error);
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

  #refuseWhileAway(subject: string): void {
    const { refusal } = this.#breaker;
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
