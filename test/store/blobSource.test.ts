import assert from 'node:assert/strict';
import { open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { DamagedBlobError } from '../../src/store/blobDamage.ts';
import { FileSource, MemorySource, type BlobSource } from '../../src/store/blobSource.ts';
import { GrowingBlob } from '../../src/store/growingBlob.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { openDescriptors, whySkipped } from './openDescriptors.ts';
import { readToEnd } from './readToEnd.ts';

const content = Buffer.from('the bytes of a blob');

describe('a source of a file', () => conformance(fileSource));
describe('a source of memory', () => conformance(async () => new MemorySource(content)));
describe('a source of a blob that has grown to its end', () => conformance(grownSource));

test('a file is read to its end even after it was removed', async (t) => {
  const path = join(await temporaryDirectory(t), 'blob');
  await writeFile(path, content);
  const source = await openFileSource(path);
  await rm(path);
  assert.deepEqual(await readToEnd(source), content);
  await source.close();
});

test('a closed source of a file holds it no longer', { skip: whySkipped }, async (t) => {
  const path = join(await temporaryDirectory(t), 'blob');
  await writeFile(path, content);
  const source = await openFileSource(path);
  assert.equal(openDescriptors(path), 1);
  await source.close();
  assert.equal(openDescriptors(path), 0);
});

test('a file that becomes shorter while it is read is reported, and no end of the blob', async (t) => {
  const path = join(await temporaryDirectory(t), 'blob');
  await writeFile(path, content);
  let reports = 0;
  const source = await openFileSource(path, () => (reports += 1));
  t.after(() => source.close());
  assert.equal(await source.read(Buffer.alloc(5), 0), 5);
  await truncate(path, 5);
  await assert.rejects(source.read(Buffer.alloc(5), 5), DamagedBlobError);
  assert.equal(reports, 1);
});

function conformance(openSource: (t: Lifetime) => Promise<BlobSource>): void {
  test('says how many bytes there are', async (t) => {
    assert.equal((await openSource(t)).size, content.length);
  });

  test('gives all bytes, however small the pieces', async (t) => {
    const source = await openSource(t);
    for (const piece of [1, 7, content.length, 1000]) {
      assert.deepEqual(await readToEnd(source, { piece }), content);
    }
  });

  test('gives the bytes from any position on', async (t) => {
    const source = await openSource(t);
    for (let start = 0; start <= content.length; start += 1) {
      assert.deepEqual(await readToEnd(source, { start }), content.subarray(start));
    }
  });

  test('has nothing at and past the end', async (t) => {
    const source = await openSource(t);
    assert.equal(await source.read(Buffer.alloc(10), content.length), 0);
    assert.equal(await source.read(Buffer.alloc(10), content.length + 1), 0);
  });

  test('leaves alone what it did not fill of a buffer', async (t) => {
    const buffer = Buffer.alloc(content.length + 2, '-');
    assert.equal(await (await openSource(t)).read(buffer, 0), content.length);
    assert.equal(buffer.toString(), `${content.toString()}--`);
  });
}

async function openFileSource(path: string, damaged = () => {}): Promise<FileSource> {
  const held = { file: await open(path), modifiedAt: 0 };
  return new FileSource(digestOf(content), held, content.length, damaged);
}

async function fileSource(t: Lifetime): Promise<BlobSource> {
  const path = join(await temporaryDirectory(t), 'blob');
  await writeFile(path, content);
  const source = await openFileSource(path);
  t.after(() => source.close());
  return source;
}

async function grownSource(t: Lifetime): Promise<BlobSource> {
  const path = join(await temporaryDirectory(t), 'blob');
  const blob = await GrowingBlob.create(digestOf(content), path);
  const source = blob.openSource();
  t.after(() => source.close());
  await blob.append([content]);
  blob.verify();
  await blob.release();
  return source;
}
