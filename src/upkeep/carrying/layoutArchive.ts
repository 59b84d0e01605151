import { once } from 'node:events';
import { pack, type Pack } from 'tar-stream';

type Entry = ReturnType<Pack['entry']>;

/** A file to put into an archive. */
export interface ArchivedFile {
  readonly path: string;
  /** Bytes; {@link chunks} has as many. */
  readonly size: number;
  /** Iterated once. Each chunk is the archive's from then on. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

// The same files make the same archive, whoever writes it and whenever.
const attributes = { uid: 0, gid: 0, mode: 0o644, mtime: new Date(0) } as const;
const blockSize = 512;
const brokenEnd = Buffer.from('\n');

/**
 * The bytes of an uncompressed tar archive of the files, each of which is taken when there is room for it.
 * Where a file fails, the archive ends within a block: some programs take one for whole that merely lacks
 * its end.
 */
export async function* archiveOf(files: AsyncIterable<ArchivedFile>): AsyncGenerator<Uint8Array> {
  const archive = pack();
  const writing = writeFiles(archive, files).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  let sent = 0;
  try {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) {
      sent += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (sent > 0 && sent % blockSize === 0) yield brokenEnd;
    throw error;
  } finally {
    archive.destroy();
    await writing;
  }
}

async function writeFiles(archive: Pack, files: AsyncIterable<ArchivedFile>): Promise<void> {
  for await (const { path, size, chunks } of files) {
    const ended = Promise.withResolvers<void>();
    // It may fail while this waits for something else.
    ended.promise.catch(() => {});
    const entry = archive.entry({ name: path, size, ...attributes }, (error) => {
      if (error) ended.reject(error);
      else ended.resolve();
    });
    // Told by the callback, too.
    entry.on('error', () => {});
    for await (const chunk of chunks) await write(entry, chunk, ended.promise);
    entry.end(null);
    await ended.promise;
  }
  archive.finalize();
}

/** Settles when there is room for more. */
async function write(entry: Entry, chunk: Uint8Array, ended: Promise<void>): Promise<void> {
  if (entry.write(chunk)) return;
  await Promise.race([once(entry, 'drain'), ended]);
}
