import { setTimeout as delay } from 'node:timers/promises';
import { request, type Dispatcher } from 'undici';
import type { BlobContent } from '../support/blobContent.ts';

/** What an answer to a GET turned out to be. */
export interface Reading {
  readonly status: number;
  /** `X-Cache`; absent on errors. */
  readonly cache: string | undefined;
  /** `Content-Range`, where there is one. */
  readonly contentRange: string | undefined;
  /** Bytes of the body that came. */
  readonly bytes: number;
  /** Whether the answer ended as HTTP says that it is whole, rather than by the end of the connection. */
  readonly whole: boolean;
  /** Whether every byte that came is the one that the content has at its place. */
  readonly right: boolean;
}

/** How an answer is read. */
export interface ReadingOptions {
  readonly dispatcher: Dispatcher;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly slow: boolean;
  /** So many more bytes came. */
  readonly received: (bytes: number) => void;
}

const slowPause = 10;

/**
 * Asks by GET and compares what comes with the content, byte by byte, from `start` on. Rejects when no
 * answer begins or the signal aborts.
 */
export async function read(
  url: string,
  content: BlobContent,
  start: number,
  { dispatcher, headers = {}, signal, slow, received }: ReadingOptions,
): Promise<Reading> {
  const answer = await request(url, { dispatcher, headers, signal });
  const { statusCode: status, body } = answer;
  const text = (name: string): string | undefined => answer.headers[name]?.toString();
  const about = { status, cache: text('x-cache'), contentRange: text('content-range') };
  if (status !== 200 && status !== 206) {
    await body.dump();
    return { ...about, bytes: 0, whole: true, right: true };
  }
  const first = status === 206 ? start : 0;
  let bytes = 0;
  let right = true;
  const reading = (whole: boolean): Reading => ({ ...about, bytes, whole, right });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      right &&= isAt(content, first + bytes, chunk);
      bytes += chunk.length;
      received(chunk.length);
      if (slow) await delay(slowPause);
    }
  } catch {
    signal.throwIfAborted();
    return reading(false);
  }
  return reading(true);
}

/** Whether the content has these bytes at this offset. */
function isAt(content: BlobContent, offset: number, bytes: Buffer): boolean {
  let at = 0;
  const end = Math.min(content.size, offset + bytes.length);
  for (const piece of content.chunks(offset, end)) {
    if (!piece.equals(bytes.subarray(at, at + piece.length))) return false;
    at += piece.length;
  }
  return at === bytes.length;
}
