import { STATUS_CODES } from 'node:http';
import type { HubRequest } from './hubRequest.ts';
import type { Handler } from './origin.ts';
import {
  bytesReply,
  errorReply,
  jsonReply,
  storeErrorReply,
  type RawReply,
  type Reply,
} from './reply.ts';

const abuseLimitText = 'Too Many Requests (HAP429).\n';

/** Codes of the OCI distribution-spec and of CNCF Distribution; all other statuses are `UNKNOWN`. */
const errorCodes: Readonly<Record<number, string>> = {
  400: 'MANIFEST_INVALID',
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'MANIFEST_UNKNOWN',
  405: 'UNSUPPORTED',
  429: 'TOOMANYREQUESTS',
  503: 'UNAVAILABLE',
};

/**
 * How each origin words a failure with this status. A 401 is the origin's own answer to bad
 * credentials, its challenge included; a 502 or 504 is a page of the gateway before it.
 */
export async function failureReply(
  status: number,
  request: HubRequest,
  next: Handler,
): Promise<Reply | RawReply> {
  const text = STATUS_CODES[status] ?? 'Unknown';
  if (status === 401 && request.origin !== 'cdn') {
    const headers = { ...request.headers, authorization: 'Bearer not-a-token' };
    const refusal = await next({ ...request, headers });
    if (!('raw' in refusal) && refusal.status === status) return refusal;
  }
  if (status === 502 || status === 504) return htmlPage(status, text);
  if (request.origin === 'cdn') return storeErrorReply(status, text.replaceAll(' ', ''), text);
  if (request.origin === 'token') return jsonReply(status, { details: text });
  return errorReply(status, errorCodes[status] ?? 'UNKNOWN', text);
}

/** A page of HTML where something else was expected. */
export function htmlPage(status: number, title: string): Reply {
  const headers = { 'content-type': 'text/html; charset=utf-8' };
  const page = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return bytesReply(status, headers, page);
}

/** Docker Hub's answer to too many requests of any kind from one address. */
export function abuseLimitReply(): Reply {
  const headers = { 'content-type': 'text/plain', 'retry-after': '60', connection: 'close' };
  return bytesReply(429, headers, abuseLimitText);
}

/** The same as it was captured in 2020: lines end in a bare LF, which llhttp and undici reject. */
export function rawAbuseLimitReply(): RawReply {
  const lines = [
    'HTTP/1.1 429 Too Many Requests',
    'Content-Type: text/plain',
    'Retry-After: 60',
    'Connection: close',
    `Content-Length: ${abuseLimitText.length}`,
    '',
    abuseLimitText,
  ];
  return { status: 429, raw: lines.join('\n') };
}
