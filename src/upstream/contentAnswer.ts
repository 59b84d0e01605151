import { RegistryError } from '../registry/errors.ts';
import { isJsonObject, parseJsonObject } from '../registry/jsonObject.ts';
import type { Call } from './call.ts';
import { headerText } from './headers.ts';
import { networkFailure } from './networkFailure.ts';
import { readRetryAfter } from './quota.ts';
import type { Incoming } from './exchange.ts';
import { abandon, drain, readBody } from './responseBody.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

const errorBodyLimit = 64 * 1024;
const nameCodes: ReadonlySet<unknown> = new Set(['NAME_UNKNOWN', 'NAME_INVALID']);

/**
 * Deals with every answer to a request for content that is not its success: returns when the content
 * does not exist, else throws what the answer means. Disposes of the body.
 *
 * A 400, 401 or 403 from elsewhere refuses a signed address that expired. A 400 of the registry is about
 * the name or reference, the only parts of a request that vary: it has no such thing.
 */
export async function readAbsence(
  answer: Incoming,
  { subject }: Call,
  context: UpstreamContext,
): Promise<undefined> {
  const { status, elsewhere } = answer;
  if (status === 404 || (status === 400 && !elsewhere)) {
    if (await saysNameUnknown(answer)) throw new RegistryError('NAME_UNKNOWN');
    return undefined;
  }
  drain(answer.body);
  throw unexpected(answer, subject, context);
}

/** The error for an answer that makes no sense, with the time that a 503 may name. */
function unexpected(
  { status, headers, elsewhere }: Incoming,
  subject: string,
  { host, wallNow }: UpstreamContext,
): UpstreamError {
  const who = elsewhere ? 'the redirect target' : 'the registry';
  return new UpstreamError(host, 'server_error', `${subject}: ${who} answered ${status}`, {
    status,
    retryAfter: readRetryAfter(headers, wallNow()),
  });
}

/** Reads the body of a success into memory; an `UpstreamError` when it is too long or breaks off. */
export async function readContent(
  answer: Incoming,
  limit: number,
  call: Call,
  context: UpstreamContext,
): Promise<Buffer> {
  refuseCoding(answer, call, context);
  const { status, body, elsewhere } = answer;
  const { subject } = call;
  const { host } = context;
  const bytes = await readBody(body, limit).catch((error: unknown) => {
    throw networkFailure({ host, subject, elsewhere }, error);
  });
  if (bytes !== undefined) return bytes;
  const message = `${subject}: the answer is longer than ${limit} bytes`;
  throw new UpstreamError(host, 'server_error', message, { status });
}

/** We ask for `identity`; coded bytes would not have the digest that they are verified by. */
export function refuseCoding(
  { status, headers, body }: Incoming,
  { subject }: Call,
  { host }: UpstreamContext,
): void {
  const coding = headerText(headers, 'content-encoding') ?? 'identity';
  if (coding.toLowerCase() === 'identity') return;
  abandon(body);
  const message = `${subject}: the answer has the content coding ${coding}`;
  throw new UpstreamError(host, 'server_error', message, { status });
}

async function saysNameUnknown({ body }: Incoming): Promise<boolean> {
  const bytes = await readBody(body, errorBodyLimit).catch(() => undefined);
  const errors = bytes && parseJsonObject(bytes)?.['errors'];
  return (
    Array.isArray(errors) &&
    errors.some((error) => isJsonObject(error) && nameCodes.has(error['code']))
  );
}
