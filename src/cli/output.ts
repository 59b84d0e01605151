import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes pieces of text as fast as they are taken. Whoever closes the pipe has seen enough, as `head` has:
 * then nothing more is asked for, and no error is made of it.
 */
export async function writePieces(stdout: Writable, pieces: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), stdout, { end: false });
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
}

/**
 * Lets whoever reads leave: what is written after that goes nowhere, and is no error. What has more to do for
 * nobody finds out by itself. For good, since the news of the last write comes later than the write. Other
 * errors that nobody else listens for are thrown.
 */
export function allowLeaving(stream: Writable): void {
  stream.on('error', (error) => {
    if (!isBrokenPipe(error) && stream.listenerCount('error') === 1) throw error;
  });
}

/** Whether an error says that nobody reads any more. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

/** A JSON array, an element a line. */
export async function* jsonArray(elements: AsyncIterable<object>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const element of elements) {
    yield `${before}${JSON.stringify(element)}`;
    before = ',\n';
  }
  yield before.startsWith(',') ? '\n]\n' : '[]\n';
}

/** A JSON object for people to look at, too. */
export function jsonObject(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
