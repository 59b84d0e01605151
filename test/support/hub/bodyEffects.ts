import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionCut, type BodyPieces } from './reply.ts';

const slowStepMs = 50;

/** The body, with an interruption after so many bytes: it may take its time, or throw. */
export async function* interruptedAfter(
  body: BodyPieces,
  bytes: number,
  interrupt: () => Promise<void> | void,
): AsyncIterable<Buffer> {
  let sent = 0;
  if (bytes === 0) await interrupt();
  for await (const piece of body) {
    const before = bytes - sent;
    sent += piece.length;
    if (before <= 0 || before > piece.length) {
      yield piece;
      continue;
    }
    yield piece.subarray(0, before);
    await interrupt();
    if (before < piece.length) yield piece.subarray(before);
  }
}

/** The body in small pieces with pauses between them. */
export async function* slowed(body: BodyPieces, bytesPerSecond: number): AsyncIterable<Buffer> {
  const step = Math.max(1, Math.floor((bytesPerSecond * slowStepMs) / 1000));
  for await (const piece of body) {
    for (let at = 0; at < piece.length; at += step) {
      yield piece.subarray(at, at + step);
      await sleep((step * 1000) / bytesPerSecond, undefined, { ref: false });
    }
  }
}

/** The body and after it the end of the connection. */
export async function* endedByCut(body: BodyPieces): AsyncIterable<Buffer> {
  yield* body;
  throw new ConnectionCut('fin');
}

/** No more than the first so many bytes. */
export async function* truncatedTo(body: BodyPieces, bytes: number): AsyncIterable<Buffer> {
  let left = bytes;
  for await (const piece of body) {
    if (left <= 0) return;
    yield piece.subarray(0, left);
    left -= piece.length;
  }
}

/** The body with all bits of one byte turned over; `offset` counts from the body's beginning. */
export async function* withWrongByte(body: BodyPieces, offset: number): AsyncIterable<Buffer> {
  let start = 0;
  for await (const piece of body) {
    const at = offset - start;
    start += piece.length;
    yield at >= 0 && at < piece.length ? spoiled(piece, at) : piece;
  }
}

/** The body with all bits turned over. */
export async function* inverted(body: BodyPieces): AsyncIterable<Buffer> {
  for await (const piece of body) yield Buffer.from(piece.map((byte) => ~byte));
}

function spoiled(piece: Buffer, at: number): Buffer {
  const copy = Buffer.from(piece);
  copy.writeUInt8(255 - copy.readUInt8(at), at);
  return copy;
}
