import { setImmediate as turn } from 'node:timers/promises';
import { answerTo } from './apiError.ts';

/** How {@link jsonLines} goes on. */
export interface JsonLinesOptions {
  /** Milliseconds without an event after which an empty line shows that the work goes on. */
  readonly beat: number;
  /** Ends it, with its reason. */
  readonly signal: AbortSignal;
  /** Told of an error that came when the answer had begun. */
  readonly failed: (error: unknown) => void;
}

/**
 * A line of JSON for each event. An error before the first line is thrown, so that it can have a status of
 * its own; a later one is the last line: `{"kind":"error","code":…,"message":…}`. Who stops iterating, or
 * the signal, ends the events.
 */
export async function* jsonLines(
  events: AsyncIterable<object>,
  { beat, signal, failed }: JsonLinesOptions,
): AsyncGenerator<string> {
  const source = events[Symbol.asyncIterator]();
  let begun = false;
  try {
    for (;;) {
      const next = source.next();
      while (!(await settles(next, beat, signal))) {
        begun = true;
        yield '\n';
      }
      const { done, value } = await next;
      if (done === true) return;
      begun = true;
      yield `${JSON.stringify(value)}\n`;
    }
  } catch (error) {
    if (!begun) throw error;
    failed(error);
    const { code, message } = answerTo(error);
    yield `${JSON.stringify({ kind: 'error', code, message })}\n`;
  } finally {
    // Not awaited: what is under way ends when it can, and the caller may be gone already.
    source.return?.().catch(failed);
  }
}

/** Whether the promise settles before the time is over; throws the signal's reason when that is aborted. */
async function settles(
  promise: Promise<unknown>,
  milliseconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { promise: woken, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, milliseconds, false);
  const abort = (): void => resolve(false);
  signal.addEventListener('abort', abort);
  promise.then(
    () => resolve(true),
    () => resolve(true),
  );
  try {
    if (signal.aborted) abort();
    const settled = await woken;
    signal.throwIfAborted();
    return settled;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** The text of `{"images":[…]}`, an image a line. */
export async function* imagesObject(images: AsyncIterable<object>): AsyncGenerator<string> {
  let before = '{"images":[\n';
  for await (const image of images) {
    yield `${before}${JSON.stringify(image)}`;
    before = ',\n';
  }
  yield before.startsWith(',') ? '\n]}\n' : '{"images":[]}\n';
}

const pieceLength = 64 * 1024;

/** Puts small texts together, and lets others have their turn between two pieces. */
export async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const text of texts) {
    piece += text;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
    await turn();
  }
  if (piece !== '') yield piece;
}

/** What a generator yields, when its first result is already there. */
export async function* goOn<T>(
  first: IteratorResult<T>,
  rest: AsyncGenerator<T>,
): AsyncGenerator<T> {
  try {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
