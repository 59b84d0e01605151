import type { FileHandle } from 'node:fs/promises';

/** Writes all chunks from `position` on, however many at a time the file takes; says where they end. */
export async function writeAll(
  file: FileHandle,
  chunks: readonly Buffer[],
  position: number,
): Promise<number> {
  let end = position;
  let rest = chunks;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, end);
    end += bytesWritten;
    rest = dropBytes(rest, bytesWritten);
  }
  return end;
}

function dropBytes(chunks: readonly Buffer[], count: number): readonly Buffer[] {
  let left = count;
  const index = chunks.findIndex((chunk) => {
    if (left < chunk.length) return true;
    left -= chunk.length;
    return false;
  });
  const first = chunks[index];
  return first === undefined ? [] : [first.subarray(left), ...chunks.slice(index + 1)];
}
