import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '../../src/registry/digest.ts';
import { BlobFiles } from '../../src/store/blobFiles.ts';
import { StoreFullError } from '../../src/store/storeFullError.ts';
import { blobBytes, generatedBlob } from '../support/blobContent.ts';
import { manualClock } from '../support/manualClock.ts';
import { diskUse } from './diskUse.ts';
import { holdUpNextRemoval } from './heldUpFiles.ts';
import {
  catalogued,
  filesBelow,
  fillBlob,
  openTestStore,
  uniqueBlob,
  type TestStore,
} from './testStore.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const type = 'application/vnd.oci.image.manifest.v1+json';
const hour = 3_600_000;
const mebibyte = 1024 * 1024;

async function putManifest({ blobs }: TestStore, size: number): Promise<Digest> {
  const content = uniqueBlob(size);
  await blobs.put(content.digest, blobBytes(content), type);
  return content.digest;
}

async function fill({ blobs }: TestStore, size: number): Promise<Digest> {
  const content = uniqueBlob(size);
  await fillBlob(blobs, content);
  return content.digest;
}

function areHeld({ blobs }: TestStore, digests: readonly Digest[]): boolean[] {
  return digests.map((digest) => blobs.describe(digest) !== undefined);
}

describe('what goes first', () => {
  test('is a blob that is no manifest, even one that was used later', async (t) => {
    const now = manualClock();
    const opened = await openTestStore(t, { maxSize: 300, now });
    const manifest = await putManifest(opened, 100);
    now.advance(2 * hour);
    const [first, second] = [await fill(opened, 100), await fill(opened, 100)];
    await fill(opened, 100);
    assert.deepEqual(areHeld(opened, [manifest, first, second]), [true, false, true]);
  });

  test('is the manifest that was used least recently, where no other blob is left', async (t) => {
    const now = manualClock();
    const opened = await openTestStore(t, { maxSize: 300, now });
    const manifests = [await putManifest(opened, 100), await putManifest(opened, 100)];
    const blob = await fill(opened, 100);
    opened.blobs.use(manifests[0] ?? blob);
    now.advance(hour);
    await fill(opened, 200);
    assert.deepEqual(areHeld(opened, [...manifests, blob]), [true, false, false]);
  });

  test('is never a manifest of the last hour for a blob that is none', async (t) => {
    const now = manualClock();
    const opened = await openTestStore(t, { maxSize: 300, now });
    const [older, newer] = [await putManifest(opened, 100), await putManifest(opened, 100)];
    now.advance(hour - 1);
    opened.blobs.use(newer);
    now.advance(1);
    const blob = await fill(opened, 100);
    await assert.rejects(fill(opened, 201), StoreFullError);
    assert.deepEqual(areHeld(opened, [older, newer, blob]), [true, true, true]);
    await fill(opened, 200);
    assert.deepEqual(areHeld(opened, [older, newer, blob]), [false, true, false]);
  });

  test('may be a manifest of the last hour for another manifest', async (t) => {
    const opened = await openTestStore(t, { maxSize: 200 });
    const manifests = [await putManifest(opened, 100), await putManifest(opened, 100)];
    await putManifest(opened, 100);
    assert.deepEqual(areHeld(opened, manifests), [false, true]);
  });

  test('is the beginning of a blob that broke off', async (t) => {
    const opened = await openTestStore(t, { maxSize: 400 });
    const blob = await fill(opened, 100);
    const growing = await opened.blobs.begin(uniqueBlob(1).digest, 100);
    await growing.append([Buffer.alloc(90)]);
    await opened.blobs.setAside(growing, new Error('the upstream went away'));
    await growing.release();
    assert.deepEqual(opened.blobs.usage.partial, { count: 1, bytes: 90 });
    await fill(opened, 300);
    assert.deepEqual(areHeld(opened, [blob]), [true]);
    assert.deepEqual(opened.blobs.usage.partial, { count: 0, bytes: 0 });
  });
});

describe('what is pinned', () => {
  test('never goes, however long ago it was used', async (t) => {
    const opened = await openTestStore(t, { maxSize: 300 });
    const [pinned, other] = [await fill(opened, 100), await fill(opened, 100)];
    await opened.blobs.pin(new Set([pinned]));
    await fill(opened, 200);
    assert.deepEqual(areHeld(opened, [pinned, other]), [true, false]);
    assert.equal(opened.blobs.isPinned(pinned), true);
    assert.deepEqual(opened.blobs.usage.pinned, { count: 1, bytes: 100 });
    await opened.blobs.evictIdle(Number.MAX_SAFE_INTEGER);
    assert.deepEqual([opened.blobs.count, areHeld(opened, [pinned])], [1, [true]]);
  });

  test('is so at once, while what may go is still counted', async (t) => {
    const opened = await openTestStore(t);
    const [pinned, other] = [await fill(opened, 100), await fill(opened, 100)];
    const pinning = opened.blobs.pin(new Set([pinned]));
    await opened.blobs.evictIdle(Number.MAX_SAFE_INTEGER);
    assert.deepEqual(areHeld(opened, [pinned, other]), [true, false]);
    await pinning;
    assert.deepEqual(opened.blobs.usage.pinned, { count: 1, bytes: 100 });
  });

  test('leaves no room for what is larger than the rest, and nothing goes for that', async (t) => {
    const opened = await openTestStore(t, { maxSize: 300 });
    const [pinned, other] = [await fill(opened, 200), await fill(opened, 50)];
    await opened.blobs.pin(new Set([pinned]));
    await assert.rejects(fill(opened, 101), StoreFullError);
    assert.deepEqual(areHeld(opened, [pinned, other]), [true, true]);
    await fill(opened, 100);
    await opened.blobs.pin(new Set([...opened.blobs.held()].map(([digest]) => digest)));
    await assert.rejects(fill(opened, 1), StoreFullError);
  });

  test('stays pinned when it comes later, and goes in its turn when it is pinned no more', async (t) => {
    const opened = await openTestStore(t, { maxSize: 300 });
    const [first, last] = [uniqueBlob(100), uniqueBlob(100)];
    await opened.blobs.pin(new Set([first.digest, last.digest]));
    await fillBlob(opened.blobs, first);
    const second = await fill(opened, 100);
    await fillBlob(opened.blobs, last);
    const third = await fill(opened, 100);
    assert.deepEqual(areHeld(opened, [first.digest, second, last.digest]), [true, false, true]);
    await opened.blobs.pin(new Set([last.digest]));
    await fill(opened, 100);
    assert.deepEqual(areHeld(opened, [first.digest, third, last.digest]), [false, true, true]);
    assert.equal(opened.blobs.isPinned(first.digest), false);
  });
});

describe('the water marks', () => {
  test('are kept in the background: above the high one, blobs go down to the low one', async (t) => {
    const waterMarks = { high: 0.9, low: 0.5 };
    const opened = await openTestStore(t, { maxSize: 1000, waterMarks });
    for (let count = 0; count < 9; count += 1) await fill(opened, 100);
    await opened.blobs.settled();
    assert.equal(opened.blobs.bytes, 900);
    await fill(opened, 50);
    await opened.blobs.settled();
    assert.equal(opened.blobs.bytes, 450);
    assert.deepEqual(new Set(opened.evicted), new Set(['100 size']));
  });

  test('are not worth a manifest that is in use', async (t) => {
    const waterMarks = { high: 0.5, low: 0.1 };
    const opened = await openTestStore(t, { maxSize: 1000, waterMarks });
    const manifest = await putManifest(opened, 300);
    await fill(opened, 300);
    await opened.blobs.tidy();
    assert.deepEqual(areHeld(opened, [manifest]), [true]);
    assert.equal(opened.blobs.bytes, 300);
  });

  test('go down with the room that others leave on the disk', async (t) => {
    const opened = await openTestStore(t, { minFree: 1000 });
    const [first, second] = [await fill(opened, 100), await fill(opened, 100)];
    await putManifest(opened, 100);
    t.mock.method(opened.blobs, 'freeBytes', async () => 900);
    await opened.blobs.tidy();
    assert.deepEqual(areHeld(opened, [first, second]), [false, true]);
    assert.deepEqual(opened.evicted, ['100 disk']);
  });

  test('are kept at the bound itself whatever has to go: a bound that was lowered', async (t) => {
    const before = await openTestStore(t);
    for (let count = 0; count < 5; count += 1) await putManifest(before, 100);
    await before.close();
    const { directory } = before.layout;
    const opened = await openTestStore(t, { directory, maxSize: 250 });
    await opened.blobs.tidy();
    assert.equal(opened.blobs.bytes, 200);
  });
});

describe('at no moment', () => {
  test('a blob of unknown size takes more than the bound: others go as it grows', async (t) => {
    const maxSize = 20 * mebibyte;
    const opened = await openTestStore(t, { maxSize });
    for (let count = 0; count < 20; count += 1) await fill(opened, mebibyte);
    const content = generatedBlob({ size: 9 * mebibyte, seed: 'of unknown size' });
    const growing = await opened.blobs.begin(content.digest, undefined);
    assert.equal(opened.blobs.count, 20);
    for (const chunk of content.chunks(0, content.size)) {
      await growing.append([chunk]);
      assert.ok((await diskUse(opened.layout)) <= maxSize);
    }
    growing.verify();
    await opened.blobs.keep(growing);
    await growing.release();
    assert.equal(opened.blobs.count, 12);
    assert.equal(await diskUse(opened.layout), maxSize);
  });

  test('nor more than is to stay free; one that finds no more room ends, and its file goes', async (t) => {
    const opened = await openTestStore(t, { minFree: 1000 });
    const pinned = await fill(opened, 300);
    await opened.blobs.pin(new Set([pinned]));
    await fill(opened, 200);
    const free = async () => 1600 - (await diskUse(opened.layout));
    t.mock.method(opened.blobs, 'freeBytes', free);
    const growing = await opened.blobs.begin(uniqueBlob(1).digest, undefined);
    const source = growing.openSource();
    for (let count = 0; count < 3; count += 1) {
      await growing.append([Buffer.alloc(100)]);
      assert.ok((await free()) >= 1000);
    }
    const refused = growing.append([Buffer.alloc(1)]);
    await assert.rejects(refused, StoreFullError);
    await assert.rejects(source.read(Buffer.alloc(10), 299), StoreFullError);
    await growing.fail(new Error('no room'));
    await growing.release();
    await source.close();
    assert.equal(await diskUse(opened.layout), 300);
    await fill(opened, 300);
  });

  test('do many that come in together, of known size or not, take more than the bound', async (t) => {
    const maxSize = 1000;
    const opened = await openTestStore(t, { maxSize });
    let most = 0;
    const fillOne = async (index: number): Promise<void> => {
      const content = uniqueBlob(40 + index * 7);
      const size = index % 2 === 0 ? content.size : undefined;
      const growing = await opened.blobs.begin(content.digest, size);
      try {
        const bytes = blobBytes(content);
        for (let at = 0; at < bytes.length; at += 20) {
          await growing.append([bytes.subarray(at, at + 20)]);
          most = Math.max(most, await diskUse(opened.layout));
        }
        growing.verify();
        await opened.blobs.keep(growing);
      } catch (error) {
        await growing.fail(error);
        throw error;
      } finally {
        await growing.release();
      }
    };
    const fills = Array.from({ length: 40 }, (_, index) => fillOne(index));
    for (const { status, reason } of (await Promise.allSettled(fills)).map(asFailure)) {
      assert.ok(status === 'fulfilled' || reason instanceof StoreFullError, String(reason));
    }
    await opened.blobs.settled();
    assert.ok(most <= maxSize, `${most} bytes`);
    assert.ok(opened.blobs.count > 0);
    const { incoming } = opened.blobs.usage;
    assert.deepEqual(incoming, { count: 0, bytes: 0 });
    assert.deepEqual(await filesBelow(opened.layout.incoming), []);
    assert.equal(await diskUse(opened.layout), opened.blobs.bytes);
  });

  test('does the next begin before the files are gone that make room for it', async (t) => {
    const opened = await openTestStore(t, { maxSize: 300 });
    const removed = await fill(opened, 100);
    const { begun, goOn } = holdUpNextRemoval(t);
    const removal = opened.blobs.remove([removed], 'purge');
    await begun;
    let use: number | undefined;
    const begin = async (): Promise<void> => {
      const growing = await opened.blobs.begin(uniqueBlob(1).digest, 250);
      use = await diskUse(opened.layout);
      await growing.release();
    };
    const beginning = begin();
    for (let turn = 0; turn < 200; turn += 1) await opened.blobs.freeBytes();
    assert.equal(use, undefined);
    goOn();
    await Promise.all([removal, beginning]);
    assert.equal(use, 0);
  });

  test('room is given away that a broken-off, failed or resumed blob has', async (t) => {
    const opened = await openTestStore(t, { maxSize: 400 });
    const content = uniqueBlob(300);
    const bytes = blobBytes(content);
    const first = await opened.blobs.begin(content.digest, 300);
    await assert.rejects(fill(opened, 101), StoreFullError);
    await first.append([bytes.subarray(0, 100)]);
    await opened.blobs.setAside(first, new Error('the upstream went away'));
    await first.release();
    await fill(opened, 300);
    const again = await opened.blobs.resume(content.digest);
    assert.ok(again !== undefined);
    await assert.rejects(fill(opened, 302), StoreFullError);
    await opened.blobs.begin(content.digest, 300, again);
    assert.equal(opened.blobs.count, 0);
    await assert.rejects(fill(opened, 101), StoreFullError);
    await again.fail(new Error('the upstream went away'));
    await again.release();
    await fill(opened, 400);
  });
});

test('a disk that lets no file go costs nothing that is held', async (t) => {
  const opened = await openTestStore(t, { maxSize: 300 });
  const held = [await fill(opened, 100), await fill(opened, 100), await fill(opened, 100)];
  const fault = Object.assign(new Error('read-only'), { code: 'EROFS' });
  const broken = t.mock.method(BlobFiles.prototype, 'remove', () => Promise.reject(fault));
  await assert.rejects(fill(opened, 200), StoreFullError);
  broken.mock.restore();
  assert.deepEqual(areHeld(opened, held), [true, true, true]);
  assert.deepEqual([opened.evicted, opened.failed], [[], [fault, fault, fault]]);
  assert.equal(opened.blobs.bytes, 300);
  assert.deepEqual(await catalogued(opened), held.toSorted());
});

function asFailure(result: PromiseSettledResult<void>): { status: string; reason?: unknown } {
  return result;
}

test('one file that the disk does not let go keeps no other from making room', async (t) => {
  const opened = await openTestStore(t, { maxSize: 300 });
  const held = [await fill(opened, 100), await fill(opened, 100), await fill(opened, 100)];
  const remove: (digest: Digest) => Promise<void> = Reflect.get(BlobFiles.prototype, 'remove');
  t.mock.method(
    BlobFiles.prototype,
    'remove',
    function removeOther(this: BlobFiles, digest: Digest) {
      if (digest !== held[0]) return remove.call(this, digest);
      return Promise.reject(Object.assign(new Error('stuck'), { code: 'EIO' }));
    },
  );
  await fill(opened, 100);
  assert.deepEqual(areHeld(opened, held), [true, false, true]);
});

test('a blob of unknown size that is half of all there is evicts no more, and is passed through', async (t) => {
  const opened = await openTestStore(t, { maxSize: 20 * mebibyte });
  for (let count = 0; count < 20; count += 1) await fill(opened, mebibyte);
  const growing = await opened.blobs.begin(uniqueBlob(1).digest, undefined);
  const appendAll = async (): Promise<void> => {
    for (let count = 0; count < 12; count += 1) await growing.append([Buffer.alloc(mebibyte)]);
  };
  await assert.rejects(appendAll(), StoreFullError);
  await growing.fail(new Error('no room'));
  await growing.release();
  assert.ok(opened.blobs.count >= 10, `${opened.blobs.count} are left`);
});

test('no more is evicted in the background than what others leave to do', async (t) => {
  const directory = await temporaryDirectory(t);
  const before = await openTestStore(t, { directory });
  const held: Digest[] = [];
  for (let count = 0; count < 400; count += 1) held.push(await fill(before, 40));
  await before.close();
  const waterMarks = { high: 0.9, low: 0.5 };
  const opened = await openTestStore(t, { directory, maxSize: 400 * 40, waterMarks });
  await Promise.all([opened.blobs.tidy(), opened.blobs.remove(held.slice(200), 'purge')]);
  // Two hundred would be if each knew of the other beforehand, and none if neither looked.
  assert.ok(opened.blobs.count > 30, `${opened.blobs.count} of 400 are left`);
});

test('a disk that was short of room for a moment costs no more than a batch', async (t) => {
  const opened = await openTestStore(t, { minFree: 1000 });
  for (let count = 0; count < 300; count += 1) await fill(opened, 100);
  let asked = 0;
  t.mock.method(opened.blobs, 'freeBytes', async () => {
    asked += 1;
    return asked === 1 ? 0 : 1e12;
  });
  await opened.blobs.tidy();
  assert.ok(opened.blobs.count > 200, `${opened.blobs.count} of 300 are left`);
});
