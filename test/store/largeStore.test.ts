import assert from 'node:assert/strict';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { lastFirst } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { openTestStore } from './testStore.ts';

const count = 20_000;
// More of them are in the benchmark. ext4 lets a file have 65,000 names, which are made much faster than files.
const namesPerFile = 10_000;

test('a store of twenty thousand blobs opens with all of them', async (t) => {
  const lifetime = lastFirst(t);
  const directory = await temporaryDirectory(lifetime);
  const layout = new StoreLayout(directory);
  const before = await openTestStore(lifetime, { directory });
  const digests = Array.from({ length: count }, (_, index) => digestOf(Buffer.from(`${index}`)));
  const shards = new Set(digests.map((digest) => layout.blobDirectory(digest)));
  for (const shard of shards) mkdirSync(shard, { recursive: true });
  for (const [index, digest] of digests.entries()) {
    const file = join(directory, `bytes ${Math.floor(index / namesPerFile)}`);
    if (index % namesPerFile === 0) writeFileSync(file, 'x');
    linkSync(file, layout.blobFile(digest));
  }
  await before.store.catalog.contents.setMany(
    digests.map((digest, storedAt) => [digest, { size: 1, storedAt }]),
  );
  await before.close();
  const after = await openTestStore(lifetime, { directory });
  assert.deepEqual([after.blobs.count, after.blobs.bytes], [count, count]);
  const held = digests.map((digest) => after.blobs.describe(digest)?.storedAt);
  assert.deepEqual(held, [...digests.keys()]);
});
