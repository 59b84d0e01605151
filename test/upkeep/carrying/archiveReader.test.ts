import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readArchive } from '../../../src/upkeep/carrying/archiveReader.ts';
import { archive } from './archives.ts';
import { inPieces } from './carrier.ts';

const piece = 256 * 1024;

test('an archive is read no faster than its files are taken', async () => {
  const size = 100 * piece;
  const bytes = await archive([{ name: 'large', content: Buffer.alloc(size) }, { name: 'after' }]);
  let read = 0;
  const counted = async function* () {
    for await (const chunk of inPieces(bytes, piece)) {
      read += chunk.length;
      yield chunk;
    }
  };
  let taken = 0;
  const paths: string[] = [];
  for await (const { path, chunks } of readArchive(counted())) {
    paths.push(path);
    for await (const chunk of chunks) {
      taken += chunk.length;
      assert.ok(read - taken <= 4 * piece, `${read - taken} bytes wait in memory`);
    }
  }
  assert.deepEqual([paths, taken], [['large', 'after'], size]);
});

test('files that are not read are passed over', async () => {
  const bytes = await archive(
    ['a', 'b', 'c'].map((name) => ({ name, content: Buffer.alloc(3 * piece) })),
  );
  const files = await Array.fromAsync(readArchive(inPieces(bytes)), ({ path }) => path);
  assert.deepEqual(files, ['a', 'b', 'c']);
});

test('an archive that breaks off within a file is said to be broken', async () => {
  const content = randomBytes(3 * piece);
  const whole = await archive([{ name: 'a', content }, { name: 'b' }]);
  for (const bytes of [whole.subarray(0, 2 * piece), gzipSync(whole).subarray(0, 2 * piece)]) {
    const reading = Array.fromAsync(readArchive(inPieces(bytes)), ({ chunks }) =>
      Array.fromAsync(chunks),
    );
    await assert.rejects(reading, {
      name: 'UpkeepError',
      failure: 'invalid',
      message: /is broken/,
    });
  }
});

test('who stops reading ends what the archive comes from', async () => {
  const ended = Promise.withResolvers<void>();
  const bytes = await archive([{ name: 'a', content: Buffer.alloc(3 * piece) }, { name: 'b' }]);
  const source = async function* () {
    try {
      yield* inPieces(bytes);
    } finally {
      ended.resolve();
    }
  };
  for await (const { chunks } of readArchive(source())) {
    for await (const chunk of chunks) if (chunk.length > 0) break;
    break;
  }
  await ended.promise;
});
