import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RegistryError } from '../registry/errors.ts';

// Node's parser lets HTTP/0.9 and HTTP/2.0 pass as well.
const versions: ReadonlySet<string> = new Set(['1.0', '1.1']);

/**
 * What a request is refused for by its head alone, before anything is done for it. One with a body is refused
 * before the body is read, and the connection closed after: what follows on it can't be told from the
 * body. One that wants another protocol is answered in this one, and the connection closed too.
 */
export function faultOfHead(
  request: FastifyRequest,
  reply: FastifyReply,
): RegistryError | undefined {
  const unreadBody = announcesBody(request.headers);
  // Node's parser loses what came in together with an Upgrade that nobody takes up.
  const unreadRest = request.headers.upgrade !== undefined;
  if (unreadBody || unreadRest) reply.header('connection', 'close');
  if (!versions.has(request.raw.httpVersion)) {
    return new RegistryError('REQUEST_INVALID', { message: 'neither HTTP/1.1 nor HTTP/1.0' });
  }
  if (!namesOneHost(request)) {
    return new RegistryError('REQUEST_INVALID', { message: 'a request has exactly one Host' });
  }
  return unreadBody ? bodyError(request) : undefined;
}

function announcesBody(headers: IncomingHttpHeaders): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  return (length !== undefined && length !== '0') || encoding !== undefined;
}

/** RFC 9112 §3.2: 400 for more than one Host, and from HTTP/1.1 on for none. */
function namesOneHost({ raw }: FastifyRequest): boolean {
  const { rawHeaders, httpVersion } = raw;
  let hosts = 0;
  // Not `headersDistinct`, which makes an object of them all first.
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}

function bodyError({ is404, method }: FastifyRequest): RegistryError {
  if (is404) return new RegistryError('NOT_FOUND');
  if (method !== 'GET' && method !== 'HEAD') return new RegistryError('UNSUPPORTED');
  return new RegistryError('REQUEST_INVALID', { message: 'a request for content has no body' });
}
