import type { FastifyReply } from 'fastify';
import { RegistryError } from '../registry/errors.ts';
import type { RequestOutcome } from '../mirror/mirrorObserver.ts';
import { PrivateRepositoryError } from '../mirror/visibility.ts';
import { sendBytes } from './sendBytes.ts';

/**
 * The one place where an error becomes an answer: OCI JSON, whatever went wrong. What is no
 * {@link RegistryError} is a fault of ours and says nothing of itself to the client.
 */
export function sendError(reply: FastifyReply, thrown: unknown): FastifyReply {
  const error = asRegistryError(thrown);
  const { trace } = reply.request;
  trace.error = thrown;
  if (trace.kind !== undefined) trace.outcome = outcomeOf(error);
  if (error.retryAfter !== undefined) {
    reply.header('retry-after', String(Math.max(1, Math.ceil(error.retryAfter))));
  }
  // RFC 9110, section 15.5.2: a 401 says how to log in. Basic (RFC 7617) is what every client of registries knows.
  if (error.status === 401) reply.header('www-authenticate', 'Basic realm="pullthrough"');
  if (error.status === 405) reply.header('allow', 'GET, HEAD');
  const body = Buffer.from(error.toBody());
  reply
    .code(error.status)
    .header('content-type', 'application/json')
    // What was set to describe content, as before a 416, does not hold for the error.
    .header('cache-control', 'no-store')
    .removeHeader('etag');
  return sendBytes(reply, body);
}

/** What Fastify refuses by itself carries a 4xx status; anything else unknown is a 500. */
function asRegistryError(thrown: unknown): RegistryError {
  if (thrown instanceof RegistryError) return thrown;
  const status =
    thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : undefined;
  return status !== undefined && status >= 400 && status < 500
    ? new RegistryError('REQUEST_INVALID', { cause: thrown })
    : new RegistryError('UNKNOWN', { cause: thrown });
}

function outcomeOf(error: RegistryError): RequestOutcome {
  if (error instanceof PrivateRepositoryError) return 'denied';
  if (error.status === 401 || error.status === 403) return 'denied';
  return error.status === 404 ? 'negative' : 'error';
}
