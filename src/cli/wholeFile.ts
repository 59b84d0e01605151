import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { UpkeepError } from '../upkeep/upkeepError.ts';

/**
 * Writes a file that is there whole or not at all: it gets its name, which another one may have had, when
 * all of it is on the disk. What is no regular file, such as a pipe, is written to as it comes.
 * @throws {UpkeepError} when it can't be written, or was interrupted; what the bytes come from may throw
 *   others
 */
export async function writeWholeFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    const isSpecial = (await stat(target).catch(() => undefined))?.isFile() === false;
    if (isSpecial) await write(target, 'r+', chunks, signal);
    else await writeAndRename(target, chunks, signal);
  } catch (error) {
    if (signal.aborted) throw new UpkeepError('failed', 'interrupted', { cause: error });
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    // What follows names a file that the user never named.
    const [reason] = error.message.split(',', 1);
    throw new UpkeepError('failed', `${path} can't be written: ${reason}`, { cause: error });
  }
}

async function writeAndRename(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.part`;
  try {
    await write(unfinished, 'wx', chunks, signal);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function write(
  path: string,
  flags: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.writeFile(chunks, { signal });
    if (flags === 'wx') await file.sync();
  } finally {
    await file.close();
  }
}
