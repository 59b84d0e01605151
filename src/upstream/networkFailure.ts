import { UpstreamError, type NetworkSymptom } from './upstreamError.ts';

/** Which exchange failed. */
export interface FailedExchange {
  /** The upstream's name. */
  readonly host: string;
  /** What was asked for, in a few words without secrets. */
  readonly subject: string;
  /** Whether it was somewhere a redirect led to, rather than the registry or its token service. */
  readonly elsewhere: boolean;
}

const symptoms: ReadonlyMap<unknown, NetworkSymptom> = new Map([
  ['UND_ERR_HEADERS_TIMEOUT', 'timed_out'],
  ['UND_ERR_BODY_TIMEOUT', 'timed_out'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timed_out'],
  ['ETIMEDOUT', 'connect_timed_out'],
  ['ECONNREFUSED', 'not_connected'],
  ['EHOSTUNREACH', 'not_connected'],
  ['ENETUNREACH', 'not_connected'],
  ['ENOTFOUND', 'not_connected'],
  ['EAI_AGAIN', 'not_connected'],
]);
const resetCodes: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);
// What this machine has too little of: descriptors, memory, ports.
const shortages: ReadonlySet<unknown> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOBUFS',
  'EADDRNOTAVAIL',
]);
const shortageRetryAfter = 5;

/**
 * What an error of undici or of the network means. Never passed on as `cause`: a parser error carries
 * the raw answer, in which a token may be.
 */
export function networkFailure(exchange: FailedExchange, error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const { host, subject } = exchange;
  if (isParserError(error)) return malformedAnswer(exchange, error);
  if (shortages.has(codeOf(error))) {
    const options = { retryAfter: shortageRetryAfter };
    return new UpstreamError(host, 'busy', `${subject}: ${description(error)}`, options);
  }
  const symptom = symptomOf(error);
  return new UpstreamError(host, 'unreachable', `${subject}: ${description(error)}`, { symptom });
}

/**
 * Whether the far side ended a connection that was in use, or would have been used again. An answer that
 * announces the end (`Connection: close`) leaves undici to close by itself, and its other ends have other codes.
 */
export function isLostConnection(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return resetCodes.has(code) || (code === 'UND_ERR_SOCKET' && message === 'other side closed');
}

function symptomOf(error: unknown): NetworkSymptom | undefined {
  if (!(error instanceof Error)) return undefined;
  return symptoms.get(codeOf(error)) ?? (isLostConnection(error) ? 'connection_lost' : undefined);
}

/** Of an error with several addresses to try, that of the last attempt. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? (error instanceof AggregateError ? codeOf(error.errors.at(-1)) : undefined);
}

/**
 * Docker Hub's abuse limit answers 429 with bare LF line ends, which undici's parser rejects after the
 * status line. The rest still tells what it was, and when to come back.
 */
function malformedAnswer(
  { host, subject, elsewhere }: FailedExchange,
  { data = '' }: ParserError,
): UpstreamError {
  const failure = elsewhere && !/too many requests/i.test(data) ? 'server_error' : 'abuse_limit';
  const seconds = /^retry-after:[ \t]*(\d{1,9})[ \t]*\r?$/im.exec(data)?.[1];
  return new UpstreamError(host, failure, `${subject}: the answer is not HTTP`, {
    retryAfter: failure === 'abuse_limit' && seconds !== undefined ? Number(seconds) : undefined,
  });
}

/** undici's own error; `data` is what it had not read yet of what arrived. */
interface ParserError extends Error {
  readonly data?: string;
}

/** undici leaves out the `HPE_` code of some of them, but always gives the name. */
function isParserError(error: unknown): error is ParserError {
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
