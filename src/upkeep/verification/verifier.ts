import { setTimeout as delay } from 'node:timers/promises';
import { Pace, type Sleep } from './pace.ts';
import { ReportedWork, type Report } from '../reportedWork.ts';
import { SavedCursor } from './savedCursor.ts';
import { UpkeepError } from '../upkeepError.ts';
import type { VerificationEvent, VerificationOptions } from './verification.ts';
import { firstCursor, readCursor } from './verificationCursor.ts';
import type { VerificationObserver } from './verificationObserver.ts';
import { VerificationPass, type PassSteps, type VerifiedStore } from './verificationPass.ts';

/** What a {@link Verifier} works with. */
export interface VerifierOptions {
  readonly store: VerifiedStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow: () => number;
  /** The catalog failed to note how far it has come. */
  readonly failed: (error: unknown) => void;
  readonly observer: VerificationObserver;
  readonly sleep?: Sleep;
}

/** What a verification that is under way reports to. */
interface Running {
  readonly rate: number | undefined;
  readonly progress: () => Promise<void>;
  readonly report: Report<VerificationEvent>;
  readonly signal: AbortSignal;
}

const stateKey = 'verification';
const progressInterval = 250;
const saveInterval = 1000;

/**
 * Hashes all that is held anew, when somebody asks for it. One that is interrupted, be it that the process
 * is killed, is gone on with the next time.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  /** Settles when the verification that is under way has ended. */
  #running: Promise<void> | undefined;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** Settles when no verification is under way; rejects with the signal's reason when that is aborted. */
  async idle(signal: AbortSignal): Promise<void> {
    while (this.#running !== undefined) {
      const aborted = Promise.withResolvers<void>();
      const onAbort = (): void => aborted.resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      await Promise.race([this.#running, aborted.promise]);
      signal.removeEventListener('abort', onAbort);
      signal.throwIfAborted();
    }
  }

  /**
   * Verifies all that is held, or what an interrupted verification left. It begins when the first event is
   * asked for, and goes on as events are taken. The last one is of kind `done`; who stops iterating, or
   * aborts the signal, interrupts it.
   * @throws {UpkeepError} `busy` while another one is under way, `failed` when the store can't be read
   */
  verify(
    options: VerificationOptions,
    signal?: AbortSignal,
  ): AsyncIterableIterator<VerificationEvent> {
    return new ReportedWork<VerificationEvent>(
      (report, stopped) => this.#alone(() => this.#verify(options, report, stopped)),
      signal,
    );
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#running !== undefined) {
      throw new UpkeepError('busy', 'the store is being verified already: wait for that to end');
    }
    const ended = Promise.withResolvers<void>();
    this.#running = ended.promise;
    try {
      await work();
    } finally {
      this.#running = undefined;
      ended.resolve();
    }
  }

  async #verify(
    { rate, restart = false }: VerificationOptions,
    report: Report<VerificationEvent>,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, now, monotonicNow } = this.#options;
    const { states } = store.catalog;
    if (restart) await states.delete(stateKey);
    const interrupted = readCursor(await states.get(stateKey));
    const resumed = interrupted !== undefined;
    const beganAt = monotonicNow();
    const pass = await VerificationPass.prepare(store, interrupted ?? firstCursor(now()));
    const progress = (): Promise<void> => report({ kind: 'progress', ...pass.figures, resumed });
    await progress();
    await this.#run(pass, { rate, progress, report, signal });
    await states.delete(stateKey);
    const seconds = (monotonicNow() - beganAt) / 1000;
    await report({ kind: 'done', ...pass.figures, resumed, seconds });
  }

  async #run(pass: VerificationPass, { rate, progress, report, signal }: Running): Promise<void> {
    const { monotonicNow, observer, sleep = sleepFor } = this.#options;
    const limit = new Pace({ rate, monotonicNow, sleep });
    const saved = this.#savedCursor();
    let reportedAt = monotonicNow();
    const pace = async (bytes: number): Promise<void> => {
      if (monotonicNow() - reportedAt >= progressInterval) {
        reportedAt = monotonicNow();
        await progress();
      }
      await limit.allow(bytes, signal);
      observer.scrubbed(bytes);
    };
    const moved: PassSteps['moved'] = (cursor, damaged) => saved.move(cursor, damaged);
    const damaged: PassSteps['damaged'] = (found) => {
      observer.damageFound(found.digest, found.reason, found.quarantinedAs);
      return report(found);
    };
    try {
      await pass.run({ pace, moved, damaged, sleep, signal });
    } catch (error) {
      await saved.save();
      signal.throwIfAborted();
      throw failure(error);
    }
  }

  #savedCursor(): SavedCursor {
    const { store, monotonicNow, failed } = this.#options;
    return new SavedCursor({
      save: (cursor) => store.catalog.states.set(stateKey, { ...cursor }),
      every: saveInterval,
      monotonicNow,
      failed,
    });
  }
}

function failure(error: unknown): UpkeepError {
  const reason = error instanceof Error ? error.message : 'unknown';
  return new UpkeepError(
    'failed',
    `the store can't be read now: ${reason}; the next verification goes on where this one is`,
    { cause: error },
  );
}

function sleepFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return delay(milliseconds, undefined, { signal });
}
