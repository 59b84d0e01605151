import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestHex } from '../../src/registry/digest.ts';
import { uniqueBlob, catalogued, fillBlob, hasFile, openTestStore } from './testStore.ts';
import { blobBytes, type BlobContent } from '../support/blobContent.ts';
import { manualClock } from '../support/manualClock.ts';
import type { TestStore } from './testStore.ts';

const day = 24 * 3_600_000;
const noPace = async () => {};

/** A blob of 100 bytes that has another byte in the place of one. */
async function fillDamaged({ blobs, layout }: TestStore, size = 100): Promise<BlobContent> {
  const content = uniqueBlob(size);
  await fillBlob(blobs, content);
  await writeFile(layout.blobFile(content.digest), damagedBytes(content));
  return content;
}

function damagedBytes(content: BlobContent): Buffer {
  return blobBytes(content).fill('x', 7, 8);
}

function quarantined({ layout }: TestStore): Promise<string[]> {
  return readdir(layout.quarantine).catch(() => []);
}

describe('a damaged file', () => {
  test('is set aside when it is read, and its blob is a miss that can be filled', async (t) => {
    const opened = await openTestStore(t, { now: manualClock(Date.UTC(2026, 4, 3, 2, 1)) });
    const content = await fillDamaged(opened);
    assert.equal(await opened.blobs.read(content.digest), undefined);
    const name = `sha256-${digestHex(content.digest)}.20260503T020100000Z`;
    assert.deepEqual(await quarantined(opened), [name]);
    const kept = await readFile(join(opened.layout.quarantine, name));
    assert.deepEqual(kept, damagedBytes(content));
    assert.equal(await hasFile(opened, content.digest), false);
    assert.deepEqual(await catalogued(opened), []);
    assert.deepEqual(opened.evicted, ['100 corrupt']);
    assert.deepEqual(opened.blobs.usage.quarantined, { count: 1, bytes: 100 });
    await fillBlob(opened.blobs, content);
    assert.deepEqual(await opened.blobs.read(content.digest), blobBytes(content));
  });

  test('is set aside when it is verified, which says where it is and what is wrong', async (t) => {
    const opened = await openTestStore(t);
    const content = await fillDamaged(opened);
    const verdict = await opened.blobs.verify(content.digest, noPace);
    assert.ok(verdict.kind === 'damaged');
    assert.match(verdict.reason, /^its bytes hash to sha256:/);
    const [name = ''] = await quarantined(opened);
    assert.equal(verdict.quarantinedAs, join(opened.layout.quarantine, name));
    assert.deepEqual(await opened.blobs.verify(content.digest, noPace), { kind: 'gone' });
  });

  test('is kept for a week, over a restart too', async (t) => {
    const now = manualClock();
    const before = await openTestStore(t, { now });
    await before.blobs.verify((await fillDamaged(before)).digest, noPace);
    await before.close();
    const opened = await openTestStore(t, { now, directory: before.layout.directory });
    assert.deepEqual(opened.blobs.usage.quarantined, { count: 1, bytes: 100 });
    now.advance(7 * day);
    await opened.blobs.tidy();
    assert.equal((await quarantined(opened)).length, 1);
    now.advance(1);
    await opened.blobs.tidy();
    assert.deepEqual(await quarantined(opened), []);
    assert.deepEqual(opened.blobs.usage.quarantined, { count: 0, bytes: 0 });
  });

  test('goes first when its room is needed', async (t) => {
    const opened = await openTestStore(t, { maxSize: 1000 });
    await opened.blobs.verify((await fillDamaged(opened)).digest, noPace);
    const whole = uniqueBlob(500);
    await fillBlob(opened.blobs, whole);
    await fillBlob(opened.blobs, uniqueBlob(400));
    assert.equal((await quarantined(opened)).length, 1);
    await fillBlob(opened.blobs, uniqueBlob(100));
    assert.deepEqual(await quarantined(opened), []);
    assert.equal(opened.blobs.describe(whole.digest)?.size, 500);
  });

  test('takes no more room, with others, than an eighth of the bound', async (t) => {
    const now = manualClock();
    const opened = await openTestStore(t, { maxSize: 1600, now });
    for (const size of [90, 80, 70, 201]) {
      now.advance(1);
      await opened.blobs.verify((await fillDamaged(opened, size)).digest, noPace);
    }
    assert.deepEqual(opened.blobs.usage.quarantined, { count: 2, bytes: 150 });
    assert.equal((await quarantined(opened)).length, 2);
  });

  test('is removed where it can not be set aside', async (t) => {
    const opened = await openTestStore(t);
    const content = await fillDamaged(opened);
    await writeFile(opened.layout.quarantine, 'this is no directory');
    const verdict = await opened.blobs.verify(content.digest, noPace);
    assert.ok(verdict.kind === 'damaged' && verdict.quarantinedAs === undefined);
    assert.equal(await hasFile(opened, content.digest), false);
    assert.deepEqual(await catalogued(opened), []);
  });
});

describe('to verify a blob', () => {
  test('reads it piece by piece, each when its time has come', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(2.5 * 1024 * 1024);
    await fillBlob(opened.blobs, content);
    const pieces: number[] = [];
    const pace = async (bytes: number) => void pieces.push(bytes);
    assert.deepEqual(await opened.blobs.verify(content.digest, pace), { kind: 'intact' });
    assert.deepEqual(pieces, [1024 * 1024, 1024 * 1024, 512 * 1024]);
  });

  test('finds a file that is gone, and nothing to set aside', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(100);
    await fillBlob(opened.blobs, content);
    await rm(opened.layout.blobFile(content.digest));
    const verdict = await opened.blobs.verify(content.digest, noPace);
    assert.ok(verdict.kind === 'damaged' && verdict.quarantinedAs === undefined);
    assert.match(verdict.reason, /ENOENT/);
    assert.equal(opened.blobs.count, 0);
  });

  test('that is evicted meanwhile finds nothing', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(100);
    await fillBlob(opened.blobs, content);
    const pace = async () => void (await opened.blobs.remove([content.digest], 'purge'));
    assert.deepEqual(await opened.blobs.verify(content.digest, pace), { kind: 'gone' });
  });

  test('ends with what keeps it from going on, and the blob stays', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(100);
    await fillBlob(opened.blobs, content);
    const stopped = new Error('somebody stopped it');
    const verifying = opened.blobs.verify(content.digest, () => Promise.reject(stopped));
    await assert.rejects(verifying, stopped);
    assert.equal(opened.blobs.count, 1);
  });
});
