import { UpstreamError } from './upstreamError.ts';

/** Which exchange failed. */
export interface FailedExchange {
  /** The upstream's name. */
  readonly host: string;
  /** What was asked for, in a few words without secrets. */
  readonly subject: string;
  /** Whether it was somewhere a redirect led to, rather than the registry or its token service. */
  readonly elsewhere: boolean;
}

/**
 * What an error of undici or of the network means. Never passed on as `cause`: a parser error carries
 * the raw answer, in which a token may be.
 */
export function networkFailure(exchange: FailedExchange, error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const { host, subject, elsewhere } = exchange;
  if (!isParserError(error)) {
    return new UpstreamError(host, 'unreachable', `${subject}: ${description(error)}`);
  }
  // Docker Hub's abuse limit answers 429 with bare LF line ends, which undici's parser rejects.
  const failure = elsewhere ? 'server_error' : 'abuse_limit';
  return new UpstreamError(host, failure, `${subject}: the answer is not HTTP`);
}

/** undici leaves out the `HPE_` code of some of them, but always gives the name. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError';
}

function description(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  // With several addresses to try, the message is empty and each attempt has its own.
  const attempts = error instanceof AggregateError ? error.errors.map(description) : [];
  return [error.message || (error as NodeJS.ErrnoException).code, ...attempts]
    .filter((part) => part !== undefined)
    .join('; ');
}
