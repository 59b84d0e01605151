import type { RequestKind, RequestOutcome } from '../mirror/mirrorObserver.ts';
import type { FinishedRequest, RequestRoute } from '../mirror/requestObserver.ts';

/** What becomes known of a request while it is answered; times are milliseconds of one clock. */
export class RequestTrace {
  route: RequestRoute = 'other';
  kind: RequestKind | undefined;
  upstream: string | undefined;
  outcome: RequestOutcome | undefined;
  error: unknown;
  bytesSent = 0;
  handedOver = false;
  readonly #now: () => number;
  readonly #startedAt: number;
  #firstByteAt: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** The head of the answer goes out. */
  headSent(): void {
    this.#firstByteAt ??= this.#now();
  }

  /** The record of the request, now that it is over. */
  finish(
    outside: Pick<
      FinishedRequest,
      'method' | 'status' | 'path' | 'client' | 'requestId' | 'aborted'
    >,
  ): FinishedRequest {
    const { route, kind, upstream, outcome, error, bytesSent, handedOver } = this;
    return {
      ...outside,
      route,
      kind,
      upstream,
      outcome,
      error,
      bytesSent,
      handedOver,
      durationSeconds: (this.#now() - this.#startedAt) / 1000,
      firstByteSeconds:
        this.#firstByteAt === undefined ? undefined : (this.#firstByteAt - this.#startedAt) / 1000,
    };
  }
}
