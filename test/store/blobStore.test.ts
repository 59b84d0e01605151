import assert from 'node:assert/strict';
import { open, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { FileSource, MemorySource } from '../../src/store/blobSource.ts';
import { DigestMismatchError } from '../../src/store/growingBlob.ts';
import { StoreFullError } from '../../src/store/storeFullError.ts';
import { blobBytes, fixedBlob, generatedBlob } from '../support/blobContent.ts';
import { manualClock } from '../support/manualClock.ts';
import { allowNoMoreDescriptors, noPrlimit } from './descriptorLimit.ts';
import { countReads } from './fileFaults.ts';
import { readToEnd } from './readToEnd.ts';
import {
  catalogued,
  filesBelow,
  fillBlob,
  hasFile,
  incomingFiles,
  openTestStore,
  uniqueBlob,
} from './testStore.ts';

const manifest = Buffer.from('{"schemaVersion":2}');
const digest = digestOf(manifest);
const type = 'application/vnd.oci.image.manifest.v1+json';
const large = 300 * 1024;
const hour = 3_600_000;

describe('a digest never lies', () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    test(`bytes that hash otherwise never appear among the blobs (${algorithm})`, async (t) => {
      const opened = await openTestStore(t);
      const wrong = digestOf(Buffer.from('something else'), algorithm);
      await assert.rejects(opened.blobs.put(wrong, manifest, type), DigestMismatchError);
      const content = { ...uniqueBlob(1000), digest: wrong };
      await assert.rejects(fillBlob(opened.blobs, content), DigestMismatchError);
      assert.deepEqual(await filesBelow(opened.layout.root), await filesOfAnEmptyStore(opened));
      assert.equal(opened.blobs.describe(wrong), undefined);
      assert.deepEqual(await catalogued(opened), []);
    });

    test(`bytes are kept in a file under the name they hash to (${algorithm})`, async (t) => {
      const opened = await openTestStore(t);
      const content = generatedBlob({ size: large, seed: 'kept', algorithm });
      await fillBlob(opened.blobs, content);
      const path = opened.layout.blobFile(content.digest);
      assert.deepEqual(await readFile(path), blobBytes(content));
      assert.deepEqual(await incomingFiles(opened), []);
    });
  }

  test('the final name appears only after the bytes were verified', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(1000);
    const growing = await opened.blobs.begin(content.digest, content.size);
    await growing.append([blobBytes(content)]);
    await assert.rejects(opened.blobs.keep(growing), /not verified/);
    assert.deepEqual(await filesBelow(opened.layout.blobs), []);
    assert.equal(opened.blobs.describe(content.digest), undefined);
    growing.verify();
    assert.deepEqual(await filesBelow(opened.layout.blobs), []);
    await opened.blobs.keep(growing);
    assert.equal(await hasFile(opened, content.digest), true);
    await growing.release();
  });
});

describe('what is held', () => {
  test('is described as it was put, with the time of it', async (t) => {
    const { blobs, layout } = await openTestStore(t, { now: manualClock(7000) });
    await blobs.put(digest, manifest, type);
    const { mtimeMs: modifiedAt } = await stat(layout.blobFile(digest));
    const entry = { size: manifest.length, mediaType: type, storedAt: 7000, modifiedAt };
    assert.deepEqual(blobs.describe(digest), { ...entry, usedAt: 7000 });
  });

  test('can be read whole, or opened: from memory when it is small, from its file else', async (t) => {
    const { blobs } = await openTestStore(t);
    const content = generatedBlob({ size: large, seed: 'opened' });
    await blobs.put(digest, manifest, type);
    await fillBlob(blobs, content);
    assert.deepEqual(await blobs.read(digest), manifest);
    const small = await blobs.open(digest);
    assert.ok(small instanceof MemorySource);
    assert.deepEqual(small.bytes, manifest);
    const file = await blobs.open(content.digest);
    assert.ok(file instanceof FileSource);
    assert.equal(file.size, large);
    assert.equal(digestOf(await readToEnd(file)), content.digest);
    await file.close();
  });

  test('may be a blob without a byte', async (t) => {
    const { blobs } = await openTestStore(t);
    const empty = digestOf(Buffer.alloc(0));
    await blobs.put(empty, Buffer.alloc(0), type);
    assert.deepEqual(await blobs.read(empty), Buffer.alloc(0));
    assert.equal((await blobs.open(empty))?.size, 0);
  });

  test('adds up in numbers and bytes', async (t) => {
    const { blobs } = await openTestStore(t, { maxSize: 250 });
    assert.deepEqual([blobs.count, blobs.bytes], [0, 0]);
    const [first, second, third] = [uniqueBlob(100), uniqueBlob(70), uniqueBlob(90)];
    await fillBlob(blobs, first);
    await fillBlob(blobs, second);
    assert.deepEqual([blobs.count, blobs.bytes], [2, 170]);
    await fillBlob(blobs, second);
    assert.deepEqual([blobs.count, blobs.bytes], [2, 170]);
    await fillBlob(blobs, third);
    assert.deepEqual([blobs.count, blobs.bytes], [2, 160]);
  });

  test('stays a manifest when it is fetched once more as a blob', async (t) => {
    const { blobs, store } = await openTestStore(t);
    await blobs.put(digest, manifest, type);
    await fillBlob(blobs, fixedBlob(manifest));
    assert.equal(blobs.describe(digest)?.mediaType, type);
    assert.equal((await store.catalog.contents.get(digest))?.mediaType, type);
  });
});

describe('what is not held', () => {
  test('is neither described nor opened nor read', async (t) => {
    const { blobs } = await openTestStore(t);
    assert.equal(blobs.describe(digest), undefined);
    assert.equal(await blobs.open(digest), undefined);
    assert.equal(await blobs.read(digest), undefined);
  });

  const losses = { removed: rm, cut: (path: string) => truncate(path, 10) };
  for (const [how, lose] of Object.entries(losses)) {
    for (const size of [100, large]) {
      test(`is a blob of ${size} bytes whose file was ${how}, until it is fetched again`, async (t) => {
        const opened = await openTestStore(t);
        const content = uniqueBlob(size);
        await fillBlob(opened.blobs, content);
        await lose(opened.layout.blobFile(content.digest));
        assert.equal(await opened.blobs.open(content.digest), undefined);
        assert.equal(opened.blobs.describe(content.digest), undefined);
        assert.deepEqual([opened.blobs.count, opened.blobs.bytes], [0, 0]);
        assert.deepEqual(opened.evicted, [`${size} corrupt`]);
        assert.deepEqual(await catalogued(opened), []);
        await fillBlob(opened.blobs, content);
        const healed = await opened.blobs.open(content.digest);
        assert.equal(healed?.size, size);
        await healed.close();
      });
    }
  }
});

describe('a large file', () => {
  test('is not looked through when it is opened', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(large);
    await fillBlob(opened.blobs, content);
    const reads = await countReads(t);
    const source = await opened.blobs.open(content.digest);
    assert.equal(reads(), 0);
    await source?.close();
  });

  test('that was changed is looked through once, and what was found is noted', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(large);
    await fillBlob(opened.blobs, content);
    const path = opened.layout.blobFile(content.digest);
    await utimes(path, 1000, 1000);
    const source = await opened.blobs.open(content.digest);
    await source?.close();
    await opened.blobs.settled();
    const noted = await opened.store.catalog.contents.get(content.digest);
    assert.equal(noted?.modifiedAt, 1_000_000);
    assert.equal(opened.blobs.describe(content.digest)?.modifiedAt, 1_000_000);
    await alterUnnoticed(path, 1000);
    const again = await opened.blobs.open(content.digest);
    assert.ok(again);
    await again.close();
  });

  test('that was changed is looked through by the first of many readers for all', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(large);
    await fillBlob(opened.blobs, content);
    await utimes(opened.layout.blobFile(content.digest), 1000, 1000);
    const reads = await countReads(t);
    const open30 = Array.from({ length: 30 }, () => opened.blobs.open(content.digest));
    for (const source of await Promise.all(open30)) {
      assert.ok(source);
      await source.close();
    }
    // One for the bytes and one for the end, with all readers at it at the same time.
    assert.ok(reads() < 10, `${reads()} reads`);
  });
});

describe('what is broken', () => {
  test(
    'stays as it is while the process has no descriptor for it',
    { skip: noPrlimit },
    async (t) => {
      const opened = await openTestStore(t);
      const contents = [uniqueBlob(100), uniqueBlob(large)];
      for (const content of contents) await fillBlob(opened.blobs, content);
      const allowMore = await allowNoMoreDescriptors(t);
      for (const { digest: each } of contents)
        assert.equal(await opened.blobs.open(each), undefined);
      await allowMore();
      assert.deepEqual(
        opened.failed.map((error) => (error as { code?: string }).code),
        ['EMFILE', 'EMFILE'],
      );
      assert.deepEqual([opened.evicted, opened.blobs.count], [[], 2]);
      for (const { digest: each } of contents) {
        const source = await opened.blobs.open(each);
        assert.ok(source);
        await source.close();
      }
    },
  );

  test('leaves nothing half kept: a catalog that fails', async (t) => {
    const opened = await openTestStore(t);
    await opened.close();
    await assert.rejects(opened.blobs.put(digest, manifest, type), /not open|finalized/);
    assert.deepEqual(await filesBelow(opened.layout.blobs), []);
    assert.deepEqual(await incomingFiles(opened), []);
    assert.equal(opened.blobs.describe(digest), undefined);
  });

  test('leaves nothing half kept: a file that can not get its name', async (t) => {
    const opened = await openTestStore(t);
    const growing = await opened.blobs.begin(digest, manifest.length);
    await growing.append([manifest]);
    growing.verify();
    await rm(growing.path);
    await assert.rejects(opened.blobs.keep(growing), { code: 'ENOENT' });
    await growing.release();
    assert.deepEqual(await catalogued(opened), []);
    assert.equal(opened.blobs.describe(digest), undefined);
    assert.deepEqual(opened.failed, []);
  });

  test('is not made anew: a directory that is deleted while a blob comes in', async (t) => {
    const opened = await openTestStore(t);
    const growing = await opened.blobs.begin(digest, manifest.length);
    await growing.append([manifest]);
    growing.verify();
    await rm(opened.layout.blobs, { recursive: true });
    await assert.rejects(opened.blobs.keep(growing), { code: 'ENOENT' });
    await growing.release();
    await assert.rejects(stat(opened.layout.blobs), { code: 'ENOENT' });
  });

  test('costs nothing that was held before: a second copy that can not get its name', async (t) => {
    const opened = await openTestStore(t);
    await opened.blobs.put(digest, manifest, type);
    const growing = await opened.blobs.begin(digest, manifest.length);
    await growing.append([manifest]);
    growing.verify();
    await rm(growing.path);
    await assert.rejects(opened.blobs.keep(growing), { code: 'ENOENT' });
    await growing.release();
    assert.deepEqual(await opened.blobs.read(digest), manifest);
    assert.deepEqual(await catalogued(opened), [digest]);
  });
});

describe('memory', () => {
  test('holds what was used last, within its bound', async (t) => {
    const opened = await openTestStore(t, { memory: 1000 });
    const [first, second] = [uniqueBlob(600), uniqueBlob(600)];
    for (const content of [first, second]) await fillBlob(opened.blobs, content);
    for (const content of [first, second]) await opened.blobs.read(content.digest);
    for (const content of [first, second]) await rm(opened.layout.blobFile(content.digest));
    assert.deepEqual(await opened.blobs.read(second.digest), blobBytes(second));
    assert.equal(await opened.blobs.read(first.digest), undefined);
  });

  test('has a manifest as soon as it was put', async (t) => {
    const opened = await openTestStore(t, { memory: 1000 });
    await opened.blobs.put(digest, manifest, type);
    await rm(opened.layout.blobFile(digest));
    assert.deepEqual(await opened.blobs.read(digest), manifest);
  });

  test('forgets what is evicted', async (t) => {
    const now = manualClock();
    const opened = await openTestStore(t, { memory: 1000, maxSize: 100, now });
    const content = fixedBlob(manifest);
    await opened.blobs.put(digest, manifest, type);
    now.advance(hour);
    await fillBlob(opened.blobs, uniqueBlob(100));
    assert.equal(await opened.blobs.read(digest), undefined);
    await fillBlob(opened.blobs, content);
    await rm(opened.layout.blobFile(digest));
    assert.equal(await opened.blobs.read(digest), undefined);
  });

  test('has no room for what is not held', async (t) => {
    const opened = await openTestStore(t, { memory: 30, maxSize: 20 });
    const tooLarge = blobBytes(uniqueBlob(25));
    await opened.blobs.put(digest, manifest, type);
    await assert.rejects(opened.blobs.put(digestOf(tooLarge), tooLarge, type), StoreFullError);
    await rm(opened.layout.blobFile(digest));
    assert.deepEqual(await opened.blobs.read(digest), manifest);
  });
});

describe('the probe', () => {
  test('leaves nothing behind', async (t) => {
    const opened = await openTestStore(t);
    await opened.store.probe();
    assert.deepEqual(await incomingFiles(opened), []);
    const repositories = await Array.fromAsync(opened.store.catalog.repositories.entries());
    assert.deepEqual(repositories, []);
  });

  test('throws when files can not be written', async (t) => {
    const opened = await openTestStore(t);
    await rm(opened.layout.incoming, { recursive: true });
    await writeFile(opened.layout.incoming, '');
    await assert.rejects(opened.store.probe(), { code: 'ENOTDIR' });
  });

  test('throws when the catalog can not be written', async (t) => {
    const opened = await openTestStore(t);
    await opened.close();
    await assert.rejects(opened.store.probe(), /not open|finalized/);
  });
});

/** Changes a byte as a disk that forgets one does: the time of modification stays this one. */
async function alterUnnoticed(path: string, seconds: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.from([0]), 0, 1, 7);
  await file.close();
  await utimes(path, seconds, seconds);
}

async function filesOfAnEmptyStore({ layout }: { layout: { root: string } }): Promise<string[]> {
  const files = await filesBelow(layout.root);
  return files.filter((name) => name.startsWith('catalog.sqlite'));
}
