import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { BodyReads, type BodyReader } from '../../src/http/bodyReads.ts';
import type { BlobSource } from '../../src/store/blobSource.ts';

const content = Buffer.from('abcdefghijklmnopqrstuvwxyz');

interface WatchedSource extends BlobSource {
  copy: string | undefined;
  /** The positions that were read. */
  readonly asked: number[];
  /** What reads fail with from now on. */
  failure: Error | undefined;
}

function sourceOf(copy: string | undefined): WatchedSource {
  const source: WatchedSource = {
    size: content.length,
    copy,
    asked: [],
    failure: undefined,
    read: async (buffer, position) => {
      source.asked.push(position);
      await setImmediate();
      if (source.failure !== undefined) throw source.failure;
      return content.copy(buffer, 0, position);
    },
    close: async () => {},
  };
  return source;
}

/** Pieces of eight bytes; for more than four readers, or three of one copy, of four. Eight bytes are kept. */
function smallReads(): BodyReads {
  return new BodyReads({
    lonePiece: 8,
    few: 4,
    crowdedPiece: 4,
    sharedPiece: 4,
    several: 3,
    many: 100,
    kept: 8,
  });
}

async function textOf(reader: BodyReader, position: number, atMost = 100): Promise<string> {
  const piece = await reader.next(position, atMost);
  const text = piece.bytes(atMost).toString();
  piece.leave();
  return text;
}

describe('readers of one copy', () => {
  test('that are at the same place share one read', async () => {
    const reads = smallReads();
    const source = sourceOf('a');
    const readers = Array.from({ length: 3 }, () => reads.open(source));
    const texts = await Promise.all(readers.map((reader) => textOf(reader, 4)));
    assert.deepEqual(texts, ['efgh', 'efgh', 'efgh']);
    assert.deepEqual(source.asked, [4]);
  });

  test('that are a little behind find what was read, and further behind read again', async () => {
    const reads = smallReads();
    const source = sourceOf('a');
    const [ahead, behind] = [reads.open(source), reads.open(source), reads.open(source)];
    for (const position of [0, 4, 8]) await textOf(ahead, position);
    assert.equal(await textOf(behind, 4), 'efgh');
    assert.deepEqual(source.asked, [0, 4, 8]);
    assert.equal(await textOf(behind, 0), 'abcd');
    assert.deepEqual(source.asked, [0, 4, 8, 0]);
  });

  test('that began at different places meet at the next border', async () => {
    const reads = smallReads();
    const [one, other] = [reads.open(sourceOf('a')), reads.open(sourceOf('a'))];
    assert.equal(await textOf(one, 3), 'defgh');
    assert.equal(await textOf(other, 5), 'fgh');
  });

  test('get no more of a shared piece than they asked for', async () => {
    const reads = smallReads();
    const source = sourceOf('a');
    const [one, other] = [reads.open(source), reads.open(source)];
    const texts = await Promise.all([textOf(one, 0), textOf(other, 0, 2)]);
    assert.deepEqual(texts, ['abcdefgh', 'ab']);
  });

  test('keep their bytes while others read on', async () => {
    const reads = smallReads();
    const source = sourceOf('a');
    const [slow, quick] = [reads.open(source), reads.open(source)];
    const held = await slow.next(0, 100);
    for (let position = 0; position < content.length; position += 8) await textOf(quick, position);
    assert.equal(held.bytes(100).toString(), 'abcdefgh');
  });

  test('do not fail for each other', async () => {
    const reads = smallReads();
    const [broken, sound] = [sourceOf('a'), sourceOf('a')];
    broken.failure = new Error('the disk is gone');
    const [one, other] = [reads.open(broken), reads.open(sound)];
    const [first, second] = await Promise.allSettled([textOf(one, 0), textOf(other, 0)]);
    assert.equal(first.status, 'rejected');
    assert.deepEqual(second, { status: 'fulfilled', value: 'abcdefgh' });
  });

  test('share nothing that came another way', async () => {
    const reads = smallReads();
    const [leaving, staying] = [sourceOf('a'), sourceOf('a')];
    const [one, other] = [reads.open(leaving), reads.open(staying)];
    const texts = [textOf(one, 0), textOf(other, 0)];
    leaving.copy = undefined;
    assert.deepEqual(await Promise.all(texts), ['abcdefgh', 'abcdefgh']);
    assert.deepEqual(staying.asked, [0]);
    await textOf(one, 8);
    await textOf(other, 8);
    assert.deepEqual(staying.asked, [0, 8]);
  });

  test('wait for one that fails, and then not for each other', async () => {
    const reads = smallReads();
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    const leaving = async (source: WatchedSource) => {
      await setImmediate();
      source.copy = undefined;
      waiting += 1;
      await gate.promise;
      return content.copy(Buffer.alloc(8), 0);
    };
    const sources = Array.from({ length: 4 }, () => sourceOf('a'));
    for (const source of sources.slice(1)) source.read = () => leaving(source);
    const [broken] = sources;
    if (broken !== undefined) broken.failure = new Error('the disk is gone');
    const texts = sources.map((source) => textOf(reads.open(source), 0));
    await assert.rejects(async () => texts[0], /the disk is gone/);
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    assert.equal(waiting, 3);
    gate.resolve();
    await Promise.all(texts.slice(1));
  });

  test('leave nothing behind for those who come later', async () => {
    const reads = smallReads();
    const source = sourceOf('a');
    const readers = [reads.open(source), reads.open(source)];
    for (const reader of readers) await textOf(reader, 0);
    for (const reader of readers) reader.close();
    await textOf(reads.open(source), 0);
    assert.deepEqual(source.asked, [0, 0]);
  });
});

test('readers of different copies share nothing, nor do those of none', async () => {
  const reads = smallReads();
  for (const names of [
    ['a', 'b'],
    [undefined, undefined],
  ]) {
    const sources = names.map(sourceOf);
    const readers = sources.map((source) => reads.open(source));
    await Promise.all(readers.map((reader) => textOf(reader, 0)));
    for (const { asked } of sources) assert.deepEqual(asked, [0]);
  }
});

test('each of many readers gets smaller pieces than one of few', async () => {
  const reads = smallReads();
  const readers = ['a', 'b', 'c', 'd', 'e'].map((copy) => reads.open(sourceOf(copy)));
  const [first] = readers;
  assert.ok(first !== undefined);
  assert.equal(await textOf(first, 0), 'abcd');
  for (const reader of readers.slice(1)) reader.close();
  assert.equal(await textOf(first, 4), 'efgh');
  assert.equal(await textOf(first, 8), 'ijklmnop');
});

test('each of too many readers gets smaller pieces, of the same copy or not', async () => {
  const limits = { lonePiece: 8, few: 1, crowdedPiece: 2, sharedPiece: 4, several: 2 };
  const reads = new BodyReads({ ...limits, many: 2, kept: 8 });
  const readers = [reads.open(sourceOf('a')), reads.open(sourceOf('a'))];
  const [first] = readers;
  assert.ok(first !== undefined);
  assert.equal(await textOf(first, 0), 'abcd');
  const third = reads.open(sourceOf('b'));
  assert.equal(await textOf(first, 4), 'ef');
  third.close();
});

test('a buffer is never filled anew while a piece of it is abandoned', async () => {
  const reads = smallReads();
  const source = sourceOf('a');
  const [gone, other] = [reads.open(source), reads.open(source)];
  const piece = await gone.next(0, 100);
  const bytes = piece.bytes(100);
  piece.abandon();
  gone.close();
  for (let position = 0; position < content.length; position += 8) await textOf(other, position);
  assert.equal(bytes.toString(), 'abcdefgh');
});

test('what was kept of a copy is free for others when its last reader left', async () => {
  const reads = smallReads();
  const source = sourceOf('a');
  const readers = [reads.open(source), reads.open(source)];
  const kept = await readers[0]?.next(0, 100);
  const buffer = kept?.bytes(1).buffer;
  kept?.leave();
  for (const reader of readers) reader.close();
  const next = await reads.open(sourceOf('b')).next(0, 100);
  assert.equal(next.bytes(1).buffer, buffer);
});

test('a reader who left has a read that was under way given back', async () => {
  const reads = smallReads();
  const source = sourceOf('a');
  const reader = reads.open(source);
  const pending = reader.next(0, 100);
  reader.close();
  const { buffer } = (await pending).bytes(1);
  const next = await reads.open(source).next(0, 100);
  assert.equal(next.bytes(1).buffer, buffer);
});
