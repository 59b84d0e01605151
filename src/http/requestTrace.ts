import type { Admitted } from '../access/admission.ts';
import type { Identity } from '../access/client.ts';
import type { RequestKind, RequestOutcome } from '../mirror/mirrorObserver.ts';
import type { FinishedRequest, RequestRoute } from '../mirror/requestObserver.ts';

/** What becomes known of a request while it is answered; times are milliseconds of one clock. */
export class RequestTrace {
  route: RequestRoute = 'other';
  kind: RequestKind | undefined;
  upstream: string | undefined;
  outcome: RequestOutcome | undefined;
  identity: Identity | undefined;
  rule: string | undefined;
  /** Whether what is answered is for this client and not for everybody. */
  isRestricted = false;
  error: unknown;
  bytesSent = 0;
  handedOver = false;
  /** Milliseconds that the request waited for turns of its client. */
  waited = 0;
  readonly #now: () => number;
  readonly #startedAt: number;
  #firstByteAt: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** The client may pull what it asks for. */
  admitted({ identity, rule, isOpen }: Admitted): void {
    this.identity = identity;
    this.rule = rule;
    this.isRestricted = !isOpen;
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
    const { route, kind, upstream, outcome, identity, rule } = this;
    const { error, bytesSent, handedOver } = this;
    return {
      ...outside,
      route,
      kind,
      upstream,
      outcome,
      user: identity?.name,
      authenticatedBy: identity?.by,
      rule,
      error,
      bytesSent,
      handedOver,
      durationSeconds: (this.#now() - this.#startedAt) / 1000,
      firstByteSeconds:
        this.#firstByteAt === undefined ? undefined : (this.#firstByteAt - this.#startedAt) / 1000,
    };
  }
}
