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

  /** When the last proper answer came, in ms of the monotonic clock; `undefined` when it failed or hung up since. */
  get lastAnswerAt(): number | undefined {
    return this.#lastAnswerAt;
  }

  /** It gave an answer that means something, be it that there is nothing. */
  answered(): void {
    this.#lastAnswerAt = this.#context.now();
    this.#report(true);
  }

  /** A connection to it was closed or reset from over there: it may have been stopped. */
  connectionLost(): void {
    this.#lastAnswerAt = undefined;
  }

  /**
   * What ended a request. An upstream that throttles this address or refuses our log-in is there, but it
   * can't be counted on for what is asked next; one whose pull limit is used up still gives blobs.
   */
  failed(error: unknown): void {
    if (error instanceof RegistryError) this.answered();
    if (!(error instanceof UpstreamError)) return;
    const { failure, status } = error;
    if (failure !== 'pull_limit') this.#lastAnswerAt = undefined;
    if (failure === 'unreachable' || failure === 'server_error') this.#report(false);
    else if (failure === 'abuse_limit' || status !== undefined) this.#report(true);
  }

  #report(up: boolean): void {
    this.#context.observer.reachable(this.#context.host, up);
  }
}
