import { RegistryError } from '../registry/errors.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/** Whether the upstream answers, as far as its requests have shown. */
export class Reachability {
  readonly #context: UpstreamContext;
  #lastAnswerAt: number | undefined;

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  /** When the last proper answer came, in ms of the monotonic clock; `undefined` when it failed since. */
  get lastAnswerAt(): number | undefined {
    return this.#lastAnswerAt;
  }

  /** It gave an answer that means something, be it that there is nothing. */
  answered(): void {
    this.#lastAnswerAt = this.#context.now();
    this.#report(true);
  }

  /** What ended a request. A throttled upstream is there; credentials may be refused without asking it. */
  failed(error: unknown): void {
    if (error instanceof RegistryError) this.answered();
    if (!(error instanceof UpstreamError)) return;
    const { failure, status } = error;
    if (failure === 'unreachable' || failure === 'server_error') {
      this.#lastAnswerAt = undefined;
      this.#report(false);
    } else if (failure === 'credentials_refused' && status !== undefined) {
      this.answered();
    } else if (failure === 'pull_limit' || failure === 'abuse_limit') {
      this.#report(true);
    }
  }

  #report(up: boolean): void {
    this.#context.observer.reachable(this.#context.host, up);
  }
}
