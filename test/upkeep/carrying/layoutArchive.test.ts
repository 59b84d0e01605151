import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { archiveOf, type ArchivedFile } from '../../../src/upkeep/carrying/layoutArchive.ts';
import { entriesOf } from './archives.ts';

const piece = 256 * 1024;

test('an archive is taken from its files no faster than it is read', async () => {
  let made = 0;
  const chunks = function* () {
    for (let count = 0; count < 100; count += 1) {
      made += piece;
      yield Buffer.alloc(piece, count);
    }
  };
  let taken = 0;
  for await (const chunk of archiveOf(
    filesOf({ path: 'large', size: 100 * piece, chunks: chunks() }),
  )) {
    taken += chunk.length;
    await nextTurn();
    assert.ok(made - taken <= 3 * piece, `${made - taken} bytes wait in memory`);
  }
  assert.equal(made, 100 * piece);
});

test('where a file fails, the archive ends within a block, whatever came before', async () => {
  for (const size of [0, 1, 511, 512, 513, piece, piece + 512]) {
    const bytes = Buffer.alloc(size, 'x');
    const first = { path: 'first', size, chunks: [bytes] };
    const failing = async function* () {
      yield first;
      throw new Error('evicted');
    };
    const got = await untilBroken(archiveOf(failing()));
    assert.notEqual(got.length % 512, 0, `after a file of ${size} bytes`);
    await assert.rejects(entriesOf(got), /Unexpected end of data/);
    const short = await untilBroken(archiveOf(filesOf({ ...first, size: size + 512 })));
    assert.notEqual(short.length % 512, 0, `in a file that lacks 512 bytes after ${size}`);
  }
});

test('when nobody reads on, the files are let go', async () => {
  const ended = Promise.withResolvers<void>();
  const files = async function* (): AsyncGenerator<ArchivedFile> {
    try {
      yield { path: 'large', size: 8 * piece, chunks: Array(8).fill(Buffer.alloc(piece)) };
      yield { path: 'never', size: 0, chunks: [] };
    } finally {
      ended.resolve();
    }
  };
  for await (const chunk of archiveOf(files())) if (chunk.length === piece) break;
  await ended.promise;
});

async function* filesOf(...files: readonly ArchivedFile[]): AsyncGenerator<ArchivedFile> {
  yield* files;
}

async function untilBroken(archive: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await assert.rejects(async () => {
    for await (const chunk of archive) chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}
