import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Extract } from 'tar-stream';
import { contentNature, natureBytes } from '../../registry/contentNature.ts';
import { UpkeepError } from '../upkeepError.ts';

/** A regular file of an archive. */
export interface ArchiveFile {
  /** Without `./` in front. */
  readonly path: string;
  /** Bytes, as the archive says. */
  readonly size: number;
  /** To be iterated once to its end, or not at all, before the next file is asked for. */
  readonly chunks: AsyncIterable<Buffer>;
}

const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** By what the data looks like. */
const decompressors: Readonly<Record<string, string>> = {
  'zstd data': 'zstd -d',
  'bzip2 data': 'bzip2 -d',
  'xz data': 'xz -d',
};

/**
 * The regular files of a tar archive, compressed with gzip or not, in their order. Directories, links and
 * the like are passed over.
 * @throws {UpkeepError} `invalid` where the archive is broken or a path in it leads out of it, `failed`
 *   where it can't be read
 */
export async function* readArchive(
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveFile, void> {
  const { head, whole } = await peekAt(archive);
  const unpacked = extract();
  const source = Readable.from(whole, { objectMode: false });
  const fed = head.subarray(0, gzipMagic.length).equals(gzipMagic)
    ? pipeline(source, createGunzip(), unpacked)
    : pipeline(source, unpacked);
  // Who reads the files is told as well.
  fed.catch(() => {});
  try {
    yield* filesOf(unpacked, head);
    await fed;
  } catch (error) {
    throw asArchiveError(error, head);
  } finally {
    unpacked.destroy();
    source.destroy();
  }
}

async function* filesOf(unpacked: Extract, head: Buffer): AsyncGenerator<ArchiveFile, void> {
  for await (const entry of unpacked) {
    const { name, type, size } = entry.header;
    const path = pathWithin(name);
    if (type === 'file' || type === 'contiguous-file') {
      yield { path, size, chunks: chunksOf(entry, head) };
    }
    // The archive goes on when all of the entry was taken.
    entry.resume();
  }
}

async function* chunksOf(entry: AsyncIterable<unknown>, head: Buffer): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of entry) yield chunk as Buffer;
  } catch (error) {
    throw asArchiveError(error, head);
  }
}

/** @throws {UpkeepError} `invalid` for a path that leads out of the archive */
function pathWithin(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..')) {
    throw new UpkeepError(
      'invalid',
      `a path in the archive leads out of it: ${JSON.stringify(name)}`,
    );
  }
  return parts.join('/');
}

/** The first bytes, enough to tell what it is, and all of them. */
async function peekAt(
  archive: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; whole: AsyncIterable<Uint8Array> }> {
  const chunks = readable(archive);
  let head = Buffer.alloc(0);
  while (head.length < natureBytes) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  return { head, whole: rejoin(head, chunks) };
}

async function* rejoin(
  head: Buffer,
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  yield* rest;
}

async function* readable(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* archive;
  } catch (error) {
    if (error instanceof UpkeepError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UpkeepError('failed', `the archive can't be read: ${reason}`, { cause: error });
  }
}

function asArchiveError(error: unknown, head: Buffer): UpkeepError {
  if (error instanceof UpkeepError) return error;
  const nature = contentNature(head);
  const isArchive = nature === 'a tar archive' || nature === 'gzip data';
  const reason = error instanceof Error ? error.message : String(error);
  const decompressor = decompressors[nature];
  const remedy = decompressor === undefined ? '' : `: decompress it with "${decompressor}" first`;
  const message = isArchive
    ? `the archive is broken: ${reason}`
    : `this is no tar archive but ${nature}${remedy}`;
  return new UpkeepError('invalid', message, { cause: error });
}
