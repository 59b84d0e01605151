import type { BlobSource } from '../../src/store/blobSource.ts';

/** What a reader got of a source, and what stopped it if that was not the end. */
export interface ReadOutcome {
  readonly bytes: Buffer;
  readonly error: unknown;
}

/** Reads a source from `start` until it ends or throws, so many bytes at a time at most. */
export async function readUntilStopped(
  source: BlobSource,
  { start = 0, piece = 64 * 1024 } = {},
): Promise<ReadOutcome> {
  const pieces: Buffer[] = [];
  const buffer = Buffer.alloc(piece);
  let position = start;
  try {
    for (;;) {
      const count = await source.read(buffer, position);
      if (count === 0) return { bytes: Buffer.concat(pieces), error: undefined };
      pieces.push(Buffer.from(buffer.subarray(0, count)));
      position += count;
    }
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error };
  }
}

/** Reads a source from `start` to its end. */
export async function readToEnd(
  source: BlobSource,
  options?: { start?: number; piece?: number },
): Promise<Buffer> {
  const { bytes, error } = await readUntilStopped(source, options);
  if (error !== undefined) throw error;
  return bytes;
}
