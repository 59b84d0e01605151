import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Digest } from '../../src/registry/digest.ts';
import { BlobFiles } from '../../src/store/blobFiles.ts';
import { removalBatch } from '../../src/store/blobRemovals.ts';
import { blobBytes } from '../support/blobContent.ts';
import { manualClock } from '../support/manualClock.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { catalogued, filesBelow, fillBlob, openTestStore, uniqueBlob } from './testStore.ts';

const type = 'application/vnd.oci.image.manifest.v1+json';
const hour = 3_600_000;

/** The digests that are held, the one that was used least recently first. */
function byLastUse({ blobs }: { blobs: { held(): Iterable<readonly [Digest, unknown]> } }) {
  const held = [...blobs.held()] as ReadonlyArray<readonly [Digest, { usedAt: number }]>;
  return held.toSorted(([, a], [, b]) => a.usedAt - b.usedAt).map(([digest]) => digest);
}

describe('the last use of a blob', () => {
  test('is when it was opened, read or said to be used; until then when it was stored', async (t) => {
    const now = manualClock(1000);
    const { blobs } = await openTestStore(t, { now });
    const content = uniqueBlob(100);
    await fillBlob(blobs, content);
    const lastUse = () => blobs.describe(content.digest)?.usedAt;
    assert.equal(lastUse(), 1000);
    now.set(2000);
    await (await blobs.open(content.digest))?.close();
    assert.equal(lastUse(), 2000);
    now.set(3000);
    await blobs.read(content.digest);
    assert.equal(lastUse(), 3000);
    now.set(4000);
    blobs.use(content.digest);
    assert.equal(lastUse(), 4000);
  });

  test('is not when it was described, listed, peeked at or verified', async (t) => {
    const now = manualClock(1000);
    const { blobs } = await openTestStore(t, { now });
    const content = uniqueBlob(100);
    await fillBlob(blobs, content);
    now.set(2000);
    blobs.describe(content.digest);
    assert.deepEqual(await blobs.peek(content.digest), blobBytes(content));
    assert.deepEqual(await blobs.verify(content.digest, async () => {}), { kind: 'intact' });
    assert.deepEqual([...blobs.held()], [[content.digest, blobs.describe(content.digest)]]);
    assert.equal(blobs.describe(content.digest)?.usedAt, 1000);
  });

  test('survives a restart, and decides what goes then', async (t) => {
    const before = await openTestStore(t);
    const contents = [uniqueBlob(100), uniqueBlob(100), uniqueBlob(100)];
    for (const content of contents) await fillBlob(before.blobs, content);
    const [first, second, third] = contents.map(({ digest }) => digest) as [Digest, Digest, Digest];
    before.blobs.use(second);
    before.blobs.use(first);
    const described = before.blobs.describe(first);
    await before.close();
    const { directory } = before.layout;
    const after = await openTestStore(t, { directory, maxSize: 300 });
    assert.deepEqual(byLastUse(after), [third, second, first]);
    assert.deepEqual(after.blobs.describe(first), described);
    await fillBlob(after.blobs, uniqueBlob(200));
    assert.deepEqual(await catalogued(after), byLastUse(after).toSorted());
    assert.equal(after.blobs.describe(first) !== undefined, true);
  });

  test('survives a kill, as far as it was tidied up', async (t) => {
    const running = await openTestStore(t);
    const [first, second] = [uniqueBlob(100), uniqueBlob(100)];
    for (const content of [first, second]) await fillBlob(running.blobs, content);
    running.blobs.use(first.digest);
    await running.blobs.tidy();
    running.blobs.use(second.digest);
    const directory = await temporaryDirectory(t);
    await cp(running.layout.directory, directory, { recursive: true });
    const after = await openTestStore(t, { directory });
    assert.deepEqual(byLastUse(after), [second.digest, first.digest]);
  });

  test('is written down once, and again when the catalog failed to take it', async (t) => {
    const { blobs, store, failed } = await openTestStore(t);
    const content = uniqueBlob(100);
    await fillBlob(blobs, content);
    blobs.use(content.digest);
    const { contents } = store.catalog;
    const fault = new Error('the catalog broke');
    t.mock.method(contents, 'setMany', () => Promise.reject(fault), { times: 1 });
    await blobs.tidy();
    assert.deepEqual(failed, [fault]);
    const written = t.mock.method(contents, 'setMany');
    await blobs.tidy();
    await blobs.tidy();
    assert.equal(written.mock.calls.filter((call) => call.arguments[0].length > 0).length, 1);
    const entry = await contents.get(content.digest);
    assert.equal(entry?.usedAt, blobs.describe(content.digest)?.usedAt);
  });

  test('of what was removed meanwhile brings no entry back', async (t) => {
    const opened = await openTestStore(t);
    const content = uniqueBlob(100);
    await fillBlob(opened.blobs, content);
    opened.blobs.use(content.digest);
    const removal = opened.blobs.remove([content.digest], 'purge');
    await Promise.all([opened.blobs.tidy(), removal]);
    assert.deepEqual(await catalogued(opened), []);
  });

  test('is when it was stored for entries of earlier versions', async (t) => {
    const before = await openTestStore(t);
    const [first, second] = [uniqueBlob(100), uniqueBlob(100)];
    for (const content of [first, second]) await fillBlob(before.blobs, content);
    const entries = await Array.fromAsync(before.store.catalog.contents.entries());
    assert.ok(entries.every(([, entry]) => !('usedAt' in entry)));
    await before.close();
    const after = await openTestStore(t, { directory: before.layout.directory });
    assert.deepEqual(byLastUse(after), [first.digest, second.digest]);
  });
});

describe('what nobody used for long', () => {
  test('goes, manifests included', async (t) => {
    const now = manualClock();
    const opened = await openTestStore(t, { now });
    const [old, used, manifest] = [uniqueBlob(100), uniqueBlob(100), uniqueBlob(70)];
    for (const content of [old, used]) await fillBlob(opened.blobs, content);
    await opened.blobs.put(manifest.digest, blobBytes(manifest), type);
    now.advance(hour);
    opened.blobs.use(used.digest);
    assert.deepEqual(await opened.blobs.evictIdle(now()), { count: 2, bytes: 170 });
    assert.deepEqual(await catalogued(opened), [used.digest]);
    assert.equal((await filesBelow(opened.layout.blobs)).length, 1);
    assert.deepEqual(opened.evicted.toSorted(), ['100 idle', '70 idle']);
  });

  test('goes, a batch after the other, but for what the disk does not let go', async (t) => {
    const opened = await openTestStore(t);
    const contents = Array.from({ length: 2 * removalBatch + 1 }, () => uniqueBlob(10));
    for (const content of contents) await fillBlob(opened.blobs, content);
    const [stuck] = byLastUse(opened);
    const remove = Reflect.get(BlobFiles.prototype, 'remove');
    t.mock.method(BlobFiles.prototype, 'remove', function (this: BlobFiles, digest: Digest) {
      if (digest === stuck) return Promise.reject(new Error('the disk is read-only'));
      return remove.call(this, digest);
    });
    const gone = { count: 2 * removalBatch, bytes: 20 * removalBatch };
    assert.deepEqual(await opened.blobs.evictIdle(Number.MAX_SAFE_INTEGER), gone);
    assert.deepEqual(byLastUse(opened), [stuck]);
  });
});

test('a clock that was ahead for a moment keeps nothing that is idle', async (t) => {
  const day = 86_400_000;
  const now = manualClock();
  const { blobs } = await openTestStore(t, { now });
  const [ahead, ...others] = [uniqueBlob(10), uniqueBlob(10), uniqueBlob(10)] as const;
  for (const blob of [ahead, ...others]) await fillBlob(blobs, blob);
  now.advance(3650 * day);
  blobs.use(ahead.digest);
  now.advance(-3650 * day);
  for (const { digest } of others) blobs.use(digest);
  now.advance(365 * day);
  await blobs.evictIdle(now() - 30 * day);
  assert.deepEqual(
    [ahead, ...others].map(({ digest }) => blobs.describe(digest) !== undefined),
    [true, false, false],
  );
  now.advance(31 * day);
  await blobs.evictIdle(now() - 30 * day);
  assert.equal(blobs.count, 0);
});

test('nor does it have it outlive what was used after it, over a restart', async (t) => {
  const day = 86_400_000;
  const now = manualClock();
  const directory = await temporaryDirectory(t);
  const before = await openTestStore(t, { directory, now });
  const [ahead, later] = [uniqueBlob(100), uniqueBlob(100)];
  for (const blob of [ahead, later]) await fillBlob(before.blobs, blob);
  now.advance(day);
  before.blobs.use(ahead.digest);
  now.advance(-day + 1000);
  before.blobs.use(later.digest);
  await before.close();
  const { blobs } = await openTestStore(t, { directory, now, maxSize: 250 });
  await fillBlob(blobs, uniqueBlob(100));
  assert.deepEqual(
    [ahead, later].map(({ digest }) => blobs.describe(digest) !== undefined),
    [false, true],
  );
});
