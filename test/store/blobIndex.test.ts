import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { digestOf, type Digest } from '../../src/registry/digest.ts';
import { BlobIndex } from '../../src/store/blobIndex.ts';

const count = 5000;

/** An index of thousands of blobs of a byte each, and their digests from the least recently used. */
function largeIndex(): { readonly index: BlobIndex; readonly digests: readonly Digest[] } {
  const index = new BlobIndex();
  const digests = Array.from({ length: count }, (_, number) => digestOf(Buffer.from(`${number}`)));
  for (const [storedAt, digest] of digests.entries()) index.set(digest, { size: 1, storedAt });
  return { index, digests };
}

function oldest(index: BlobIndex): Digest[] {
  return [...index.oldest('blob')].map(([digest]) => digest);
}

test('of thousands that are pinned and then not any more, each has its place by its last use', async () => {
  const { index, digests } = largeIndex();
  const even = digests.filter((_, number) => number % 2 === 0);
  index.pin(new Set(even));
  await index.sortPins();
  assert.deepEqual(
    oldest(index),
    digests.filter((_, number) => number % 2 === 1),
  );
  assert.deepEqual(index.pinned, { count: even.length, bytes: even.length });
  index.pin(new Set());
  await index.sortPins();
  assert.deepEqual(oldest(index), digests);
  assert.deepEqual(index.evictable('blob'), { count, bytes: count });
});

test('what comes, goes or is used while thousands are pinned is counted right', async () => {
  const { index, digests } = largeIndex();
  const [first, second, third] = digests.slice(-3) as [Digest, Digest, Digest];
  const added = digestOf(Buffer.from('added'));
  index.pin(new Set([...digests, added]));
  const sorting = index.sortPins();
  await nextTurn();
  assert.ok(index.evictable('blob').count > 0);
  index.delete(first);
  index.use(second, count + 1);
  index.set(third, { size: 3, storedAt: count + 2 });
  index.set(added, { size: 4, storedAt: count + 3 });
  await sorting;
  assert.deepEqual(index.pinned, { count, bytes: count - 2 + 3 + 4 });
  assert.deepEqual(index.evictable('blob'), { count: 0, bytes: 0 });
  assert.deepEqual(oldest(index), []);
});
