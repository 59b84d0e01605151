import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { BlobFiles } from '../../src/store/blobFiles.ts';
import { blobBytes } from '../support/blobContent.ts';
import { manualClock } from '../support/manualClock.ts';
import { holdUpNextName } from './heldUpFiles.ts';
import {
  catalogued,
  filesBelow,
  fillBlob,
  hasFile,
  incomingFiles,
  openTestStore,
  uniqueBlob,
} from './testStore.ts';

const none = { count: 0, bytes: 0 };
const day = 24 * 3_600_000;

describe('a sweep', () => {
  test('finds nothing in a store in order, nor takes what is being written', async (t) => {
    const opened = await openTestStore(t);
    await fillBlob(opened.blobs, uniqueBlob(100));
    const growing = await opened.blobs.begin(uniqueBlob(1).digest, 100);
    const broken = await opened.blobs.begin(uniqueBlob(1).digest, 100);
    await broken.append([Buffer.alloc(10)]);
    await opened.blobs.setAside(broken, new Error('the upstream went away'));
    await broken.release();
    const swept = await opened.blobs.sweep(false);
    assert.deepEqual(swept, {
      unreferenced: none,
      temporary: none,
      quarantined: none,
      missing: [],
    });
    assert.equal((await incomingFiles(opened)).length, 2);
    assert.equal(opened.blobs.count, 1);
    await growing.release();
  });

  for (const dryRun of [true, false]) {
    test(`${dryRun ? 'says' : 'removes'} what nobody knows of and misses`, async (t) => {
      const now = manualClock();
      const opened = await openTestStore(t, { now });
      const { blobs, layout } = opened;
      const [kept, lost, damaged, stray] = [100, 101, 102, 103].map(uniqueBlob);
      assert.ok(kept && lost && damaged && stray);
      for (const content of [kept, lost, damaged]) await fillBlob(blobs, content);
      await writeFile(layout.blobFile(damaged.digest), 'damaged');
      await blobs.read(damaged.digest);
      now.advance(8 * day);
      await rm(layout.blobFile(lost.digest));
      await mkdir(dirname(layout.blobFile(stray.digest)), { recursive: true });
      await writeFile(layout.blobFile(stray.digest), blobBytes(stray));
      await writeFile(join(layout.incoming, 'left behind'), '12345');
      assert.deepEqual(await blobs.sweep(dryRun), {
        unreferenced: { count: 1, bytes: 103 },
        temporary: { count: 1, bytes: 5 },
        quarantined: { count: 1, bytes: 7 },
        missing: [lost.digest],
      });
      assert.equal((await filesBelow(layout.blobs)).length, dryRun ? 2 : 1);
      assert.equal((await incomingFiles(opened)).length, dryRun ? 1 : 0);
      assert.equal((await filesBelow(layout.quarantine)).length, dryRun ? 1 : 0);
      assert.equal((await catalogued(opened)).length, dryRun ? 2 : 1);
      assert.deepEqual([blobs.count, await hasFile(opened, kept.digest)], [dryRun ? 2 : 1, true]);
    });
  }

  test('drops the beginnings of blobs that nobody waits for any more', async (t) => {
    const now = manualClock();
    const opened = await openTestStore(t, { now });
    const broken = await opened.blobs.begin(uniqueBlob(1).digest, 100);
    await broken.append([Buffer.alloc(10)]);
    await opened.blobs.setAside(broken, new Error('the upstream went away'));
    await broken.release();
    now.advance(day + 1);
    const temporary = { count: 1, bytes: 10 };
    assert.deepEqual((await opened.blobs.sweep(true)).temporary, temporary);
    assert.equal((await incomingFiles(opened)).length, 1);
    assert.deepEqual((await opened.blobs.sweep(false)).temporary, temporary);
    assert.deepEqual(await incomingFiles(opened), []);
    assert.deepEqual(opened.blobs.usage.partial, none);
  });

  test('finds a damaged file that the disk did not let go before', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(100);
    await fillBlob(opened.blobs, content);
    await writeFile(opened.layout.blobFile(content.digest), 'damaged');
    const fault = Object.assign(new Error('it is read-only'), { code: 'EROFS' });
    await writeFile(opened.layout.quarantine, 'this is no directory');
    const broken = t.mock.method(BlobFiles.prototype, 'remove', () => Promise.reject(fault));
    assert.equal(await opened.blobs.read(content.digest), undefined);
    broken.mock.restore();
    assert.deepEqual([opened.blobs.count, await hasFile(opened, content.digest)], [0, true]);
    const { unreferenced } = await opened.blobs.sweep(false);
    assert.deepEqual(unreferenced, { count: 1, bytes: 7 });
    assert.deepEqual(await catalogued(opened), []);
    assert.equal(await hasFile(opened, content.digest), false);
  });

  test('while blobs come and go takes none of them', async (t) => {
    const opened = await openTestStore(t);
    const contents = Array.from({ length: 40 }, () => uniqueBlob(100));
    const fills = contents.map((content) => fillBlob(opened.blobs, content));
    const sweeps = [opened.blobs.sweep(false), opened.blobs.sweep(false)];
    await Promise.all(fills);
    for (const { unreferenced, temporary, missing } of await Promise.all(sweeps)) {
      assert.deepEqual([unreferenced, temporary, missing], [none, none, []]);
    }
    assert.equal(opened.blobs.count, 40);
    assert.equal((await filesBelow(opened.layout.blobs)).length, 40);
  });
});

test('a file that has its name and is not known of yet is none of nobody', async (t) => {
  const opened = await openTestStore(t);
  const content = uniqueBlob(100);
  const naming = holdUpNextName(t);
  const filling = fillBlob(opened.blobs, content);
  await naming.begun;
  const sweeping = opened.blobs.sweep(false);
  for (let turn = 0; turn < 300; turn += 1) await hasFile(opened, content.digest);
  naming.goOn();
  await filling;
  assert.deepEqual((await sweeping).unreferenced, none);
  assert.equal(await hasFile(opened, content.digest), true);
});

describe('to remove blobs', () => {
  test('takes their files and entries, and says what is gone; what is not held is none', async (t) => {
    const opened = await openTestStore(t);
    const contents = Array.from({ length: 150 }, () => uniqueBlob(40));
    for (const content of contents) await fillBlob(opened.blobs, content);
    const digests = contents.slice(10).map(({ digest }) => digest);
    const { digest: unknown } = uniqueBlob(10);
    const gone = await opened.blobs.remove([...digests, unknown], 'purge');
    assert.deepEqual(gone, { count: 140, bytes: 5600 });
    assert.deepEqual([opened.blobs.count, opened.blobs.bytes], [10, 400]);
    assert.equal((await filesBelow(opened.layout.blobs)).length, 10);
    assert.equal((await catalogued(opened)).length, 10);
    assert.deepEqual(new Set(opened.evicted), new Set(['40 purge']));
  });
});
