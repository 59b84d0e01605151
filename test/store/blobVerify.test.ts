import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fillBlob, openTestStore, uniqueBlob } from './testStore.ts';

const noPause = async (): Promise<void> => {};

test('a file that is gone is damage, and its blob a miss from then on', async (t) => {
  const { blobs, layout } = await openTestStore(t);
  const blob = uniqueBlob(1000);
  await fillBlob(blobs, blob);
  await rm(layout.blobFile(blob.digest));
  const verdict = await blobs.verify(blob.digest, noPause);
  assert.equal(verdict.kind, 'damaged');
  assert.equal(blobs.describe(blob.digest), undefined);
});

test('an altered file is set aside, and where it is told', async (t) => {
  const { blobs, layout } = await openTestStore(t);
  const blob = uniqueBlob(1000);
  await fillBlob(blobs, blob);
  await writeFile(layout.blobFile(blob.digest), 'x'.repeat(1000));
  const verdict = await blobs.verify(blob.digest, noPause);
  assert.ok(verdict.kind === 'damaged' && verdict.quarantinedAs?.startsWith(layout.quarantine));
  assert.equal(blobs.usage.quarantined.bytes, 1000);
});

test('while the whole directory is away, as a volume that was unmounted, nothing is damaged', async (t) => {
  const { blobs, layout } = await openTestStore(t);
  const blob = uniqueBlob(1000);
  await fillBlob(blobs, blob);
  await rename(layout.blobs, `${layout.blobs} away`);
  await assert.rejects(blobs.verify(blob.digest, noPause), { code: 'ENOENT' });
  await rename(`${layout.blobs} away`, layout.blobs);
  assert.deepEqual(await blobs.verify(blob.digest, noPause), { kind: 'intact' });
});

test('a small file takes no memory of a large one', async (t) => {
  const { blobs } = await openTestStore(t);
  const blob = uniqueBlob(1000);
  await fillBlob(blobs, blob);
  const alloc = t.mock.method(Buffer, 'alloc');
  await blobs.verify(blob.digest, noPause);
  const sizes = alloc.mock.calls.map(({ arguments: [size] }) => size);
  assert.ok(sizes.length > 0);
  assert.ok(sizes.every((size) => size <= 1001));
});
