import type { DestinationStream, Logger } from 'pino';
import type { FinishedRequest } from '../mirror/requestObserver.ts';
import { RegistryError } from '../registry/errors.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import { mayHoldSecret, redactSecrets } from './redactSecrets.ts';

/** Writes one line for each finished request: a warning when the fault is on this side, else info. */
export class RequestLog {
  readonly #logger: Logger;
  readonly #lines: DestinationStream | undefined;
  readonly #time = new IsoTime();

  /**
   * `lines` is where the logger writes its lines of JSON, if it does: those of requests with which nothing is
   * wrong are made here, the same but for the time that it takes, 1.5 µs in the place of 4.
   */
  constructor(logger: Logger, lines?: DestinationStream) {
    this.#logger = logger;
    this.#lines = lines;
  }

  write(request: FinishedRequest): void {
    const level = request.status >= 500 ? 'warn' : 'info';
    if (!this.#logger.isLevelEnabled(level)) return;
    const message = request.aborted ? 'request aborted' : 'request finished';
    if (this.#lines === undefined || request.error !== undefined) {
      this.#logger[level](members(request), message);
      return;
    }
    const time = this.#time.now();
    const line = `${JSON.stringify({ level, time, ...members(request), msg: message })}\n`;
    // The path is all that a client can put into it.
    this.#lines.write(mayHoldSecret(request.path) ? redactSecrets(line) : line);
  }
}

/** The time as text, made once a millisecond: that takes 0.7 µs. */
class IsoTime {
  #at = Number.NaN;
  #text = '';

  now(): string {
    const now = Date.now();
    if (now !== this.#at) {
      this.#at = now;
      this.#text = new Date(now).toISOString();
    }
    return this.#text;
  }
}

function members(request: FinishedRequest): Record<string, unknown> {
  return {
    method: request.method,
    path: request.path,
    upstream: request.upstream,
    outcome: request.outcome,
    status: request.status,
    bytes: request.bytesSent,
    durationMs: Math.round(request.durationSeconds * 1e6) / 1e3,
    client: request.client,
    user: request.user,
    authenticatedBy: request.authenticatedBy,
    rule: request.rule,
    requestId: request.requestId,
    ...(request.handedOver ? { handedOver: true } : {}),
    ...(request.aborted ? { aborted: true } : {}),
    ...explanation(request.error),
  };
}

// A missing tag or a registry that is down is daily life: sentences say it all. A stack is for faults
// of this program.
function explanation(error: unknown): Record<string, unknown> {
  if (error === undefined) return {};
  return isDailyLife(error) ? { reason: sentences(error) } : { err: error };
}

function isDailyLife(error: unknown): error is Error {
  if (error instanceof RegistryError) return error.code !== 'UNKNOWN';
  return error instanceof UpstreamError;
}

/** What an error says, and what the ones behind it say. */
function sentences({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${sentences(cause)}` : message;
}
