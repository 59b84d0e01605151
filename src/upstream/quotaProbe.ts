import { parseRepositoryName } from '../registry/repositoryName.ts';
import { parseReference } from '../registry/reference.ts';
import type { AccountState } from './accountState.ts';
import type { Call } from './call.ts';
import type { RegistryCalls } from './registryCalls.ts';

/** Runs something after so many milliseconds, unless the function that it returns is called before. */
export type Schedule = (run: () => void, milliseconds: number) => () => void;

/** What a {@link QuotaProbe} is made from. */
export interface QuotaProbeOptions {
  /** The upstream's name. */
  readonly host: string;
  /** Milliseconds after the last reading; 0: never. */
  readonly after: number;
  readonly states: readonly AccountState[];
  readonly calls: RegistryCalls;
  /** Makes a call with one account alone. What it fails with is of no interest here. */
  readonly ask: (state: AccountState, call: Call) => Promise<void>;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** By default a timer that does not keep the process running. */
  readonly schedule?: Schedule;
}

// What Docker's documentation asks for the limit with; it exists for that.
const hubProbe = { host: 'docker.io', repository: 'ratelimitpreview/test', reference: 'latest' };
// Node's timers take no longer ones.
const longestTimer = 2_147_483_647;

/**
 * Asks for the limit of an account again by a HEAD, which is free, when nothing was read of it for a while:
 * others draw on it too, and its window may be over. At Docker Hub about a repository that is there for
 * that, elsewhere about a manifest whose answer showed the limit before. An account whose last
 * answer showed none is left alone.
 */
export class QuotaProbe {
  readonly #options: QuotaProbeOptions;
  readonly #schedule: Schedule;
  readonly #askedAt = new Map<AccountState, number>();
  #cancel: (() => void) | undefined;

  constructor(options: QuotaProbeOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? scheduleIdly;
    if (options.after > 0) this.#wait(options.after);
  }

  /** Ends it: nothing is asked any more. */
  stop(): void {
    this.#cancel?.();
  }

  #wait(milliseconds: number): void {
    const run = (): void => this.#run();
    this.#cancel = this.#schedule(run, Math.min(milliseconds, longestTimer));
  }

  #run(): void {
    const { states, after, now, ask } = this.#options;
    let wait = after;
    for (const state of states) {
      const call = this.#callFor(state);
      const lastAt = Math.max(
        state.quota.readAt ?? -Infinity,
        this.#askedAt.get(state) ?? -Infinity,
      );
      const left = lastAt + after - now();
      if (left > 0) wait = Math.min(wait, left);
      else if (call !== undefined) {
        this.#askedAt.set(state, now());
        void ask(state, call).catch(ignore);
      }
    }
    this.#wait(wait);
  }

  /** `undefined` for an account that is not to be asked about. */
  #callFor({ quota, logInPause, example }: AccountState): Call | undefined {
    if (!quota.isShown || logInPause > 0) return undefined;
    if (this.#options.host !== hubProbe.host) return example && asHead(example);
    const repository = parseRepositoryName(hubProbe.repository);
    const reference = parseReference(hubProbe.reference);
    return repository && reference && this.#options.calls.manifest('HEAD', repository, reference);
  }
}

function asHead(call: Call): Call {
  return { ...call, operation: 'manifest_head', method: 'HEAD' };
}

function scheduleIdly(run: () => void, milliseconds: number): () => void {
  const timer = setTimeout(run, milliseconds).unref();
  return () => clearTimeout(timer);
}

function ignore(): void {
  // The observer was told.
}
