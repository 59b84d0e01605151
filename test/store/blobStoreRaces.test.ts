import assert from 'node:assert/strict';
import { rm, stat, truncate } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { StoreFullError } from '../../src/store/storeFullError.ts';
import { blobBytes } from '../support/blobContent.ts';
import {
  catalogued,
  filesBelow,
  fillBlob,
  hasFile,
  incomingFiles,
  openTestStore,
  uniqueBlob,
  type TestStore,
} from './testStore.ts';
import { gate, type HeldUp } from './gate.ts';
import { holdUpNextStat } from './fileFaults.ts';

const type = 'application/vnd.oci.image.manifest.v1+json';

test('a blob that is fetched again while its removal is under way is held in the end', async (t) => {
  const opened = await openTestStore(t);
  const first = uniqueBlob(100);
  await fillBlob(opened.blobs, first);
  const removal = holdUpRemovals(t, opened);
  const removed = opened.blobs.remove([first.digest], 'size');
  await removal.begun;
  const again = fillBlob(opened.blobs, first);
  await otherWork(opened);
  removal.goOn();
  await Promise.all([removed, again]);
  await opened.blobs.settled();
  assert.deepEqual(await catalogued(opened), [first.digest]);
  assert.equal(await hasFile(opened, first.digest), true);
  assert.deepEqual(await opened.blobs.read(first.digest), blobBytes(first));
});

test('a blob that is evicted while a second copy of it is kept is held in the end', async (t) => {
  const opened = await openTestStore(t);
  const content = uniqueBlob(100);
  await fillBlob(opened.blobs, content);
  const keeping = holdUpKeeping(t, opened);
  const again = fillBlob(opened.blobs, content);
  await keeping.begun;
  const removal = opened.blobs.remove([content.digest], 'size');
  keeping.goOn();
  await Promise.all([again, removal]);
  await opened.blobs.settled();
  assert.deepEqual(await catalogued(opened), [content.digest]);
  assert.deepEqual(await opened.blobs.read(content.digest), blobBytes(content));
});

test('a blob whose file is found missing while a second copy of it is kept is held in the end', async (t) => {
  const opened = await openTestStore(t);
  const content = uniqueBlob(100);
  await fillBlob(opened.blobs, content);
  const keeping = holdUpKeeping(t, opened);
  const again = fillBlob(opened.blobs, content);
  await keeping.begun;
  await rm(opened.layout.blobFile(content.digest));
  const reading = opened.blobs.read(content.digest);
  await otherWork(opened);
  keeping.goOn();
  await again;
  assert.equal(await reading, undefined);
  assert.deepEqual(await catalogued(opened), [content.digest]);
  assert.deepEqual(await opened.blobs.read(content.digest), blobBytes(content));
});

test('a reader that finds the old file cut does not take away the new one', async (t) => {
  const opened = await openTestStore(t, { maxSize: 100 });
  const content = uniqueBlob(100);
  await fillBlob(opened.blobs, content);
  await truncate(opened.layout.blobFile(content.digest), 10);
  const looking = await holdUpNextStat(t);
  const reading = opened.blobs.read(content.digest);
  await looking.begun;
  await fillBlob(opened.blobs, uniqueBlob(100));
  await fillBlob(opened.blobs, content);
  looking.goOn();
  assert.equal(await reading, undefined);
  assert.deepEqual(opened.evicted, ['100 size', '100 size']);
  assert.deepEqual(await opened.blobs.read(content.digest), blobBytes(content));
});

test('one manifest that is put many times at once is held once', async (t) => {
  const opened = await openTestStore(t);
  const manifest = Buffer.from('{"schemaVersion":2}');
  const digest = digestOf(manifest);
  const puts = Array.from({ length: 20 }, () => opened.blobs.put(digest, manifest, type));
  await Promise.all(puts);
  assert.deepEqual([opened.blobs.count, opened.blobs.bytes], [1, manifest.length]);
  assert.deepEqual(await opened.blobs.read(digest), manifest);
  assert.deepEqual(await catalogued(opened), [digest]);
  assert.deepEqual(await incomingFiles(opened), []);
});

test('files, entries and counts agree after much was put, read and evicted at once', async (t) => {
  const opened = await openTestStore(t, { maxSize: 1000, memory: 300 });
  const contents = Array.from({ length: 30 }, (_, index) => uniqueBlob(50 + index * 5));
  const work = contents.map(async (_, offset) => {
    for (let round = 0; round < 20; round += 1) {
      const content = contents[(offset + round * 7) % contents.length] ?? uniqueBlob(1);
      if (round % 3 > 0) await fillBlob(opened.blobs, content).catch(unlessFull);
      const bytes = await opened.blobs.read(content.digest);
      if (bytes !== undefined) assert.deepEqual(bytes, blobBytes(content));
    }
  });
  await Promise.all(work);
  await opened.blobs.settled();
  const held = contents.filter(({ digest }) => opened.blobs.describe(digest) !== undefined);
  const digests = held.map(({ digest }) => digest).toSorted();
  assert.deepEqual(await catalogued(opened), digests);
  const files = await filesBelow(opened.layout.blobs);
  assert.deepEqual(files.map((name) => `sha256:${name}`).toSorted(), digests);
  assert.equal(opened.blobs.count, held.length);
  assert.equal(
    opened.blobs.bytes,
    held.reduce((sum, { size }) => sum + size, 0),
  );
  assert.deepEqual([opened.failed, await incomingFiles(opened)], [[], []]);
});

/** With all room taken by blobs that are being written, there may be none for another. */
function unlessFull(error: unknown): void {
  if (!(error instanceof StoreFullError)) throw error;
}

/** Removals wait, once their files are gone, until the test lets them go on. */
function holdUpRemovals(t: TestContext, { store }: TestStore): HeldUp {
  const { begun, hold, goOn } = gate();
  const { contents } = store.catalog;
  const remove = contents.deleteMany.bind(contents);
  t.mock.method(contents, 'deleteMany', async (keys: readonly string[]) => {
    await hold();
    await remove(keys);
  });
  return { begun, goOn };
}

/** The next blob that is kept waits, when its entry is written, until the test lets it go on. */
function holdUpKeeping(t: TestContext, { store }: TestStore): HeldUp {
  const { begun, hold, goOn } = gate();
  const { contents } = store.catalog;
  const set = contents.set.bind(contents);
  const heldUp = async (...entry: Parameters<typeof set>) => {
    await set(...entry);
    await hold();
  };
  t.mock.method(contents, 'set', heldUp, { times: 1 });
  return { begun, goOn };
}

/** So many turns that whoever does not wait for its own would be through. */
async function otherWork({ layout }: TestStore): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) await stat(layout.root);
}
