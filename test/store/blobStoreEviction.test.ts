import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import { digestOf, type Digest } from '../../src/registry/digest.ts';
import { StoreFullError } from '../../src/store/storeFullError.ts';
import { generatedBlob, type BlobContent } from '../support/blobContent.ts';
import { readToEnd } from './readToEnd.ts';
import { smallDisk, whySkipped } from './smallDisk.ts';
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

const mebibyte = 1024 * 1024;
const large = 300 * 1024;

describe('at the size bound', () => {
  test('the blob that was used least recently goes; opening and reading are uses', async (t) => {
    const opened = await openTestStore(t, { maxSize: 399 });
    const [first, second, third, fourth] = await fillMany(opened, [100, 100, 100, 100]);
    assert.deepEqual(await held(opened), [second, third, fourth]);
    await (await opened.blobs.open(second))?.close();
    await opened.blobs.read(third);
    const [fifth, sixth] = await fillMany(opened, [100, 100]);
    assert.deepEqual(await held(opened), [third, fifth, sixth]);
    assert.equal(opened.blobs.describe(first), undefined);
    assert.deepEqual(opened.evicted, ['100 size', '100 size', '100 size']);
  });

  test('describing a blob is no use of it', async (t) => {
    const { blobs } = await openTestStore(t, { maxSize: 200 });
    const [first, second] = [uniqueBlob(100), uniqueBlob(100)];
    for (const content of [first, second]) await fillBlob(blobs, content);
    assert.equal(blobs.describe(first.digest)?.size, 100);
    await fillBlob(blobs, uniqueBlob(100));
    assert.equal(blobs.describe(first.digest), undefined);
    assert.equal(blobs.describe(second.digest)?.size, 100);
  });

  test('as many go as have to, with their files and entries', async (t) => {
    const opened = await openTestStore(t, { maxSize: 300 });
    await fillMany(opened, [100, 100, 100]);
    const [last] = await fillMany(opened, [250]);
    await opened.blobs.settled();
    assert.deepEqual(await catalogued(opened), [last]);
    assert.equal((await filesBelow(opened.layout.blobs)).length, 1);
    assert.equal(await hasFile(opened, last), true);
    assert.deepEqual(opened.failed, []);
  });

  test('a reader keeps the file of a blob that is evicted', async (t) => {
    const opened = await openTestStore(t, { maxSize: large });
    const content = generatedBlob({ size: large, seed: 'evicted' });
    await fillBlob(opened.blobs, content);
    const source = await opened.blobs.open(content.digest);
    await fillMany(opened, [large]);
    await opened.blobs.settled();
    assert.equal(await hasFile(opened, content.digest), false);
    assert.ok(source);
    assert.equal(digestOf(await readToEnd(source)), content.digest);
    await source.close();
  });

  test('a blob larger than the bound is refused and throws out nothing', async (t) => {
    const opened = await openTestStore(t, { maxSize: 300 });
    const before = await fillMany(opened, [100, 200]);
    await assert.rejects(fillMany(opened, [301]), StoreFullError);
    assert.deepEqual(await held(opened), before);
    assert.deepEqual([opened.evicted, await incomingFiles(opened)], [[], []]);
  });

  test('a removal that fails is reported', async (t) => {
    const opened = await openTestStore(t, { maxSize: 100 });
    await fillMany(opened, [100]);
    const fault = new Error('the catalog broke');
    const { contents } = opened.store.catalog;
    t.mock.method(contents, 'deleteMany', () => Promise.reject(fault), { times: 1 });
    await fillMany(opened, [100]);
    await opened.blobs.settled();
    assert.deepEqual(opened.failed, [fault]);
  });
});

describe('on a disk that fills up', () => {
  test('a blob is refused when no eviction could make room, and nothing is evicted', async (t) => {
    const opened = await openTestStore(t, { minFree: 1000 });
    const before = await fillMany(opened, [100, 100]);
    leaveFree(t, opened, 1000);
    await assert.rejects(opened.blobs.begin(uniqueBlob(1).digest, 201), StoreFullError);
    assert.deepEqual(await held(opened), before);
    assert.deepEqual([opened.evicted, await incomingFiles(opened)], [[], []]);
  });

  test('what was used least recently goes until there is room', async (t) => {
    const opened = await openTestStore(t, { minFree: 1000 });
    const [, , third] = await fillMany(opened, [100, 100, 100]);
    leaveFree(t, opened, 1050);
    const growing = await opened.blobs.begin(uniqueBlob(1).digest, 200);
    assert.deepEqual(opened.evicted, ['100 disk', '100 disk']);
    assert.deepEqual(await catalogued(opened), [third]);
    assert.equal((await readdir(opened.layout.incoming)).length, 1);
    await growing.release();
  });

  test('a blob of unknown size needs no more than the free space that is left alone', async (t) => {
    const opened = await openTestStore(t, { minFree: 1000 });
    leaveFree(t, opened, 1000);
    await (await opened.blobs.begin(uniqueBlob(1).digest, undefined)).release();
    leaveFree(t, opened, 999);
    await assert.rejects(opened.blobs.begin(uniqueBlob(1).digest, undefined), StoreFullError);
  });

  test('room that was promised to one blob is not promised to the next', async (t) => {
    const opened = await openTestStore(t);
    leaveFree(t, opened, 1000);
    const begin = () => opened.blobs.begin(uniqueBlob(1).digest, 600);
    const [first, second] = await Promise.allSettled([begin(), begin()]);
    assert.equal(first.status, 'fulfilled');
    assert.ok(second.status === 'rejected' && second.reason instanceof StoreFullError);
    await first.value.append([Buffer.alloc(400)]);
    leaveFree(t, opened, 600);
    await assert.rejects(begin(), StoreFullError);
    await first.value.fail(new Error('the upstream went away'));
    await first.value.release();
    await (await begin()).release();
  });

  test('blobs that begin together evict no more than they need', async (t) => {
    const opened = await openTestStore(t);
    await fillMany(opened, [100, 100, 100, 100, 100]);
    const { blobs } = opened;
    const heldThen = blobs.bytes;
    t.mock.method(blobs, 'freeBytes', async () => heldThen - blobs.bytes);
    const begin = () => blobs.begin(uniqueBlob(1).digest, 100);
    const begun = await Promise.all([begin(), begin(), begin()]);
    assert.equal(blobs.count, 2);
    for (const growing of begun) await growing.release();
  });
});

describe('on a small disk', { skip: whySkipped }, () => {
  test('blobs come and go, and what is to stay free stays free', async (t) => {
    const minFree = 2 * mebibyte;
    const opened = await openTestStore(t, { directory: await smallDisk(t), minFree });
    for (let round = 0; round < 20; round += 1) {
      await fillBlob(opened.blobs, generatedBlob({ size: mebibyte, seed: `round ${round}` }));
      assert.ok((await opened.blobs.freeBytes()) >= minFree);
    }
    assert.ok(opened.blobs.count >= 3);
    assert.equal((await catalogued(opened)).length, opened.blobs.count);
    const evicted = Array.from({ length: 20 - opened.blobs.count }, () => `${mebibyte} disk`);
    assert.deepEqual(opened.evicted, evicted);
  });

  test('a disk that is full in the middle of a blob is an error that says so, and no file stays', async (t) => {
    const opened = await openTestStore(t, { directory: await smallDisk(t) });
    const { blobs } = opened;
    const content = generatedBlob({ size: 9 * mebibyte, seed: 'too large' });
    const freeBefore = await blobs.freeBytes();
    // The disk tells of more than it takes, as one with quotas does.
    const lie = t.mock.method(blobs, 'freeBytes', async () => 100 * mebibyte);
    const fill = fillOfUnknownSize(opened, content);
    await assert.rejects(fill, { code: 'ENOSPC' });
    assert.deepEqual(await incomingFiles(opened), []);
    assert.deepEqual(await filesBelow(opened.layout.blobs), []);
    lie.mock.restore();
    assert.ok((await blobs.freeBytes()) >= freeBefore - mebibyte);
    await fillMany(opened, [mebibyte]);
  });
});

/** Fills blobs of these sizes, one after the other. */
async function fillMany<const Sizes extends readonly number[]>(
  { blobs }: TestStore,
  sizes: Sizes,
): Promise<{ [Index in keyof Sizes]: Digest }> {
  const contents = sizes.map(uniqueBlob);
  for (const content of contents) await fillBlob(blobs, content);
  return contents.map(({ digest }) => digest) as { [Index in keyof Sizes]: Digest };
}

async function fillOfUnknownSize({ blobs }: TestStore, content: BlobContent): Promise<void> {
  const growing = await blobs.begin(content.digest, undefined);
  try {
    for (const chunk of content.chunks(0, content.size)) await growing.append([chunk]);
  } catch (error) {
    await growing.fail(error);
    throw error;
  } finally {
    await growing.release();
  }
}

/** The digests that are held, in the order they were put; files, entries and index have to agree. */
async function held(opened: TestStore): Promise<Digest[]> {
  await opened.blobs.settled();
  const names = await catalogued(opened);
  const files = await filesBelow(opened.layout.blobs);
  assert.deepEqual(names.length, files.length);
  assert.equal(opened.blobs.count, files.length);
  const digests = names as Digest[];
  const storedAt = (digest: Digest) => opened.blobs.describe(digest)?.storedAt ?? 0;
  return digests.toSorted((a, b) => storedAt(a) - storedAt(b));
}

function leaveFree(t: TestContext, { blobs }: TestStore, bytes: number): void {
  t.mock.method(blobs, 'freeBytes', async () => bytes);
}
