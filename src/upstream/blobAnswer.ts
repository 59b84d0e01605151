import { parseContentRange } from '../registry/byteRange.ts';
import type { Call } from './call.ts';
import { contentLength, headerText } from './headers.ts';
import { abandon, ignore } from './responseBody.ts';
import type { Incoming } from './exchange.ts';
import type { BlobBody } from './upstream.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/**
 * The transfer that a 200 or 206 began, asked for from `offset`. A 200 begins at 0 whatever was asked;
 * a 206 that begins anywhere else than asked is a `server_error`.
 */
export function readBlobBody(
  { status, headers, body }: Incoming,
  offset: number,
  { subject }: Call,
  { host }: UpstreamContext,
): BlobBody {
  // Whoever destroys the body before its end need not listen for the error that undici makes of that.
  body.on('error', ignore);
  if (status === 200) return { offset: 0, body, ...withSize(contentLength(headers)) };
  const range = parseContentRange(headerText(headers, 'content-range'));
  const length = contentLength(headers) ?? Infinity;
  const isWhole = range !== undefined && length >= range.end - range.start + 1;
  if (isWhole && range.start === offset) return { offset, body, ...withSize(range.size) };
  abandon(body);
  const message = `${subject}: the answer is not the range from byte ${offset}`;
  throw new UpstreamError(host, 'server_error', message, { status });
}

function withSize(size: number | undefined): { size?: number } {
  return size === undefined ? {} : { size };
}
