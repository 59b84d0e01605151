import { read, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { BufferPool } from '../../../src/http/bufferPool.ts';
import { fillBlob, openTestStore, uniqueBlob } from '../../store/testStore.ts';
import { oftenAwaited, showSize, type Part, type PartWork } from './part.ts';

const blobBytes = 64 * 1024 ** 2;
const pieceSizes = [64, 128, 256, 512, 1024].map((kibibytes) => kibibytes * 1024);

/** Reads a piece at a position into a buffer. */
type Read = (buffer: Buffer, position: number) => unknown;

/** What it costs to have the bytes of a blob that the page cache holds. */
export const reading: Part = {
  name: 'reading',
  works: async (lifetime) => {
    const store = await openTestStore(lifetime, { memory: 1024 ** 2 });
    const [large, small] = [uniqueBlob(blobBytes), uniqueBlob(1024)];
    for (const blob of [large, small]) await fillBlob(store.blobs, blob);
    const source = await store.blobs.open(large.digest);
    if (source === undefined) throw new Error('the blob was kept a moment ago');
    lifetime.after(() => source.close());
    const file = await open(store.layout.blobFile(large.digest));
    lifetime.after(() => file.close());
    const { fd } = file;
    return [
      ...bySize('the source of a blob', (buffer, position) => source.read(buffer, position)),
      ...bySize('fs.read', (buffer, position) => readOnce(fd, buffer, position)),
      ...bySize('FileHandle.read', (buffer, position) =>
        file.read(buffer, 0, buffer.length, position),
      ),
      ...bySize('fs.readSync', (buffer, position) =>
        readSync(fd, buffer, 0, buffer.length, position),
      ),
      ...buffers((buffer, position) => readOnce(fd, buffer, position)),
      oftenAwaited('small blob of 1 KiB from memory', [small.digest], (digest) =>
        store.blobs.read(digest),
      ),
    ];
  },
};

function readOnce(fd: number, buffer: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, position, (error, count) =>
      error ? reject(error) : resolve(count),
    );
  });
}

function bySize(way: string, readPiece: Read): PartWork[] {
  return pieceSizes.map((size) => {
    const buffer = Buffer.allocUnsafeSlow(size);
    return onward(`${way}, pieces of ${showSize(size)}`, size, (position) =>
      readPiece(buffer, position),
    );
  });
}

/** The same reads into a buffer that was used before, and into one that is new each time. */
function buffers(readPiece: Read): PartWork[] {
  const size = 256 * 1024;
  const pool = new BufferPool(size, 1);
  return [
    onward(`fs.read of ${showSize(size)} into a pooled buffer`, size, async (position) => {
      const buffer = pool.take();
      await readPiece(buffer, position);
      pool.give(buffer);
    }),
    onward(`fs.read of ${showSize(size)} into a new buffer`, size, (position) =>
      readPiece(Buffer.allocUnsafeSlow(size), position),
    ),
  ];
}

/** Goes through the blob from its beginning to its end, again and again. */
function onward(name: string, bytes: number, readAt: (position: number) => unknown): PartWork {
  let position = 0;
  const run = () => {
    const at = position;
    position = (position + bytes) % blobBytes;
    return readAt(at);
  };
  return { name, bytes, run };
}
