/** What went wrong with an upstream; decides what clients are told and whether stale answers help. */
export type UpstreamFailure =
  /** no connection, a broken one, or no answer in time */
  | 'unreachable'
  /** a 5xx, or an answer that makes no sense */
  | 'server_error'
  /** 429 because the account's pull limit is used up */
  | 'pull_limit'
  /** 429 for any other reason */
  | 'abuse_limit'
  /** our credentials were refused */
  | 'credentials_refused'
  /** it wants a log-in, and we have no account */
  | 'credentials_required'
  /** it named a token service or a redirect target that the rules forbid */
  | 'forbidden_address'
  /** no connection to it was free in time: says nothing about the upstream itself */
  | 'busy';

/** How it showed that an upstream is `unreachable`, where that makes a difference. */
export type NetworkSymptom =
  /** it took the connection, and did not answer in the time that it was given */
  | 'timed_out'
  /** there was no way to it, whatever was asked for: refused, no such name, no route */
  | 'not_connected'
  /** as `not_connected`, found out by waiting */
  | 'connect_timed_out'
  /** the far side closed or reset the connection in place of an answer, or of its end */
  | 'connection_lost';

/** What is known about an {@link UpstreamError} beside its message. */
export interface UpstreamErrorOptions {
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** Seconds after which the upstream said to come back. */
  readonly retryAfter?: number | undefined;
  readonly symptom?: NetworkSymptom | undefined;
  readonly cause?: unknown;
}

/**
 * An upstream that could not be asked or did not answer properly. Never thrown for content that the
 * upstream says does not exist. The message names host and operation, and no secret or signed URL.
 */
export class UpstreamError extends Error {
  readonly host: string;
  readonly failure: UpstreamFailure;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly symptom: NetworkSymptom | undefined;

  constructor(
    host: string,
    failure: UpstreamFailure,
    message: string,
    options: UpstreamErrorOptions = {},
  ) {
    super(`${host}: ${message}`, { cause: options.cause });
    this.name = 'UpstreamError';
    this.host = host;
    this.failure = failure;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
    this.symptom = options.symptom;
  }
}
