import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A body of undici, which can be read on for the sake of its connection. */
export interface DisposableBody extends Readable {
  dump(options: { readonly limit: number }): Promise<void>;
}

// What is worth reading to keep a connection usable.
const drainLimit = 64 * 1024;

/** Reads a body into memory; `undefined`, and the transfer ended, when it has more than `limit` bytes. */
export async function readBody(body: Readable, limit: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  body.on('error', ignore);
  for await (const piece of body as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > limit) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

/** Does away with a body that is expected to be short; its connection stays usable. */
export function drain(body: DisposableBody): void {
  void body.dump({ limit: drainLimit });
}

/**
 * Does away with the body of an answer to HEAD, of which there is none, and settles when its connection can
 * be used again. undici takes a turn of the event loop for that: whoever asks on at once gets another
 * connection, and waits for one round trip more, or three with TLS.
 */
export async function finish(body: DisposableBody): Promise<void> {
  await body.dump({ limit: drainLimit });
  await nextTurn();
}

/** Does away with a body that may be long, and with its connection. */
export function abandon(body: Readable): void {
  body.on('error', ignore).destroy();
}

/** undici reports a body that was ended early as an error, which would end the process if nobody listens. */
export function ignore(): void {}
