import type { IncomingMessage } from 'node:http';
import { finished, PassThrough } from 'node:stream';

/**
 * The body of a request until it ends, or with the signal's reason. A stream of its own: whoever stops
 * reading, or is made to, must not close the connection, for the answer is still to be sent.
 */
export function requestBody(raw: IncomingMessage, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const body = new PassThrough();
  // Whoever reads hears of it, and nobody has to read.
  body.on('error', () => {});
  finished(raw, { writable: false }, (error) => {
    if (error) body.destroy(error);
  });
  const abort = (): void => void body.destroy(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return raw.pipe(body);
}
