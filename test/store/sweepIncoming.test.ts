import assert from 'node:assert/strict';
import { mkdir, readdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf, type Digest } from '../../src/registry/digest.ts';
import { partialLife } from '../../src/store/partialBlobs.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { sweepIncoming } from '../../src/store/sweepIncoming.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const mebibyte = 1024 * 1024;
const noon = Date.UTC(2026, 0, 1, 12);
const digest = digestOf(Buffer.from('a blob'));
const longDigest = digestOf(Buffer.from('a blob'), 'sha512');

async function layoutFor(t: Lifetime): Promise<StoreLayout> {
  const layout = new StoreLayout(await temporaryDirectory(t));
  await mkdir(layout.incoming, { recursive: true });
  return layout;
}

/** A file of a blob that is not complete. */
async function leave(
  layout: StoreLayout,
  of: Digest,
  length: number,
  keptAt = noon,
): Promise<string> {
  const path = layout.incomingFile(of, String(keptAt));
  await writeFile(path, '');
  await truncate(path, length);
  await utimes(path, keptAt / 1000, keptAt / 1000);
  return path;
}

describe('what an earlier process left half written', () => {
  test('is kept where it is large, the oldest first', async (t) => {
    const layout = await layoutFor(t);
    const younger = await leave(layout, digest, mebibyte);
    const older = await leave(layout, longDigest, 3 * mebibyte, noon - 1000);
    assert.deepEqual(await sweepIncoming(layout, 0, noon), [
      { digest: longDigest, path: older, length: 3 * mebibyte, keptAt: noon - 1000 },
      { digest, path: younger, length: mebibyte, keptAt: noon },
    ]);
    assert.equal((await readdir(layout.incoming)).length, 2);
  });

  test('is swept where it is small, old, or no blob', async (t) => {
    const layout = await layoutFor(t);
    await leave(layout, digest, mebibyte - 1);
    await leave(layout, longDigest, mebibyte, noon - partialLife);
    await writeFile(join(layout.incoming, 'something'), Buffer.alloc(mebibyte));
    await mkdir(layout.incomingFile(digest, 'directory'));
    assert.deepEqual(await sweepIncoming(layout, 0, noon), []);
    assert.deepEqual(await readdir(layout.incoming), []);
  });

  test('is swept, however large, when the disk has no room beyond what is to be left alone', async (t) => {
    const layout = await layoutFor(t);
    await leave(layout, digest, mebibyte);
    assert.deepEqual(await sweepIncoming(layout, Number.MAX_SAFE_INTEGER, noon), []);
    assert.deepEqual(await readdir(layout.incoming), []);
  });

  test('may be nothing, not even a directory', async (t) => {
    const layout = new StoreLayout(await temporaryDirectory(t));
    assert.deepEqual(await sweepIncoming(layout, 0, noon), []);
    assert.deepEqual(await readdir(layout.incoming), []);
  });
});
