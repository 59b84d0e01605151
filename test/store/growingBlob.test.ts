import assert from 'node:assert/strict';
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf, type Digest } from '../../src/registry/digest.ts';
import { DigestMismatchError, GrowingBlob } from '../../src/store/growingBlob.ts';
import { generatedBlob } from '../support/blobContent.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { breakWrites, takeAtMost } from './fileFaults.ts';
import { openDescriptors, whySkipped } from './openDescriptors.ts';
import { readToEnd, readUntilStopped } from './readToEnd.ts';

const content = Buffer.from('the bytes of a blob');
const digest = digestOf(content);
const fault = new Error('the upstream went away');

describe('readers', () => {
  test('each gets all bytes at its own pace, whenever it came', async (t) => {
    const large = generatedBlob({ size: 3 * 1024 * 1024 + 1, seed: 'pace' });
    const blob = await createBlob(t, large.digest);
    const readings = [1000, 4096, 99_991].map((piece) => readAll(blob, piece));
    for (const chunk of large.chunks(0, large.size)) {
      await blob.append([chunk]);
      readings.push(readAll(blob, 64 * 1024));
    }
    blob.verify();
    readings.push(readAll(blob, 1024 * 1024));
    for (const bytes of await Promise.all(readings)) assert.equal(digestOf(bytes), large.digest);
  });

  test('one that is opened before the first byte waits for it', async (t) => {
    const blob = await createBlob(t);
    const source = blob.openSource();
    const reading = source.read(Buffer.alloc(100), 0);
    await blob.append([content.subarray(0, 5)]);
    assert.equal(await reading, 4);
    await source.close();
  });

  test('the last byte is held back until the digest was verified', async (t) => {
    const blob = await createBlob(t);
    const source = blob.openSource();
    const buffer = Buffer.alloc(100);
    blob.announceSize(content.length);
    await blob.append([content]);
    assert.equal(await source.read(buffer, 0), content.length - 1);
    const last = source.read(buffer, content.length - 1);
    blob.verify();
    assert.equal(await last, 1);
    assert.equal(await source.read(buffer, content.length), 0);
    await source.close();
  });

  test('of other bytes than the digest says they get all but the last, then the error', async (t) => {
    const blob = await createBlob(t, digestOf(Buffer.from('something else')));
    const reading = readUntilStopped(blob.openSource());
    await blob.append([content]);
    assert.throws(() => blob.verify(), DigestMismatchError);
    const { bytes, error } = await reading;
    assert.deepEqual(bytes, content.subarray(0, -1));
    assert.ok(error instanceof DigestMismatchError);
    assert.equal(error.actual, digest);
    assert.equal(blob.state, 'failed');
  });

  test('after a failure they get what was written less the last byte, then the error', async (t) => {
    const blob = await createBlob(t);
    const early = readUntilStopped(blob.openSource());
    await blob.append([content.subarray(0, 8)]);
    await blob.fail(fault);
    const late = readUntilStopped(blob.openSource());
    for (const { bytes, error } of await Promise.all([early, late])) {
      assert.equal(bytes.toString(), content.toString('utf8', 0, 7));
      assert.equal(error, fault);
    }
  });

  test('what fails after the blob was verified costs them nothing', async (t) => {
    const blob = await createBlob(t);
    const source = blob.openSource();
    await blob.append([content]);
    blob.verify();
    await blob.fail(fault);
    await blob.release();
    assert.deepEqual(await readToEnd(source), content);
  });

  test('a writer that leaves before the end leaves none of them waiting', async (t) => {
    const blob = await createBlob(t);
    const reading = readUntilStopped(blob.openSource());
    await blob.append([content]);
    await blob.release();
    const { bytes, error } = await reading;
    assert.deepEqual(bytes, content.subarray(0, -1));
    assert.match(String(error), /not written to its end/);
  });

  test('none can come when the writer and all others have left', async (t) => {
    const blob = await createBlob(t);
    await blob.append([content]);
    blob.verify();
    await blob.release();
    assert.throws(() => blob.openSource(), /not being written any more/);
  });

  test('they are counted, and one that closes twice counts once', async (t) => {
    const blob = await createBlob(t);
    const [first, second] = [blob.openSource(), blob.openSource()];
    assert.equal(blob.readers, 2);
    await first.close();
    await first.close();
    assert.equal(blob.readers, 1);
    await blob.append([content]);
    blob.verify();
    await blob.release();
    assert.deepEqual(await readToEnd(second), content);
    await second.close();
    assert.equal(blob.readers, 0);
  });
});

describe('the writer', () => {
  test('may bring thousands of chunks at once, empty ones among them', async (t) => {
    const chunks = Array.from({ length: 5000 }, (_, index) => Buffer.alloc(index % 4, index));
    const blob = await createBlob(t, digestOf(Buffer.concat(chunks)));
    await blob.append([]);
    await blob.append([Buffer.alloc(0)]);
    await blob.append(chunks);
    await blob.append([Buffer.alloc(0), Buffer.alloc(0)]);
    blob.verify();
    assert.deepEqual(await readFile(blob.path), Buffer.concat(chunks));
  });

  test('gets everything written although the system takes less at a time', async (t) => {
    const chunks = [0, 1, 6, 7, 8, 100, 0, 500].map((size, index) => Buffer.alloc(size, index));
    const blob = await createBlob(t, digestOf(Buffer.concat(chunks)));
    await takeAtMost(t, 7);
    await blob.append(chunks);
    blob.verify();
    assert.deepEqual(await readFile(blob.path), Buffer.concat(chunks));
  });

  test('that fails to write cuts readers off, and the blob can never pass for whole', async (t) => {
    const blob = await createBlob(t);
    const reading = readUntilStopped(blob.openSource());
    await blob.append([content.subarray(0, 8)]);
    await breakWrites(t, fault);
    await assert.rejects(blob.append([content.subarray(8)]), fault);
    const { bytes, error } = await reading;
    assert.equal(bytes.length, 7);
    assert.equal(error, fault);
    assert.throws(() => blob.verify(), fault);
    await assert.rejects(blob.append([content.subarray(8)]), fault);
  });

  test('can add nothing to a blob that was verified', async (t) => {
    const blob = await createBlob(t);
    await blob.append([content]);
    blob.verify();
    await assert.rejects(blob.append([content]), /complete/);
    assert.deepEqual(await readFile(blob.path), content);
  });

  test('that gives up removes the file', async (t) => {
    const blob = await createBlob(t);
    await blob.append([content]);
    await blob.fail(fault);
    await assert.rejects(readFile(blob.path), { code: 'ENOENT' });
  });

  test('verifies sha512 too', async (t) => {
    const blob = await createBlob(t, digestOf(content, 'sha512'));
    await blob.append([content]);
    blob.verify();
    assert.equal(blob.state, 'verified');
  });
});

describe('what an earlier one left', () => {
  test('is gone on with, less its last byte', async (t) => {
    const { path } = await leaveBehind(t, content.subarray(0, 8));
    const blob = await resumeBlob(t, path);
    assert.equal(blob.length, 7);
    await blob.rehash();
    await blob.append([content.subarray(7)]);
    blob.verify();
    assert.deepEqual(await readAll(blob, 5), content);
    assert.deepEqual(await readFile(path), content);
  });

  test('can be read before it is hashed, but nothing can be added', async (t) => {
    const { path } = await leaveBehind(t, content.subarray(0, 8));
    const blob = await resumeBlob(t, path);
    const source = blob.openSource();
    assert.equal(await source.read(Buffer.alloc(100), 0), 6);
    await source.close();
    await assert.rejects(blob.append([content.subarray(7)]), /not hashed/);
  });

  test('never passes for the blob when it has other bytes', async (t) => {
    const { path } = await leaveBehind(t, Buffer.from('spoiled!'));
    const blob = await resumeBlob(t, path);
    await blob.rehash();
    await blob.append([content.subarray(7)]);
    assert.throws(() => blob.verify(), DigestMismatchError);
  });

  test('is hashed whole, however large it is', async (t) => {
    const large = generatedBlob({ size: 3 * 1024 * 1024 + 17, seed: 'resumed' });
    const bytes = Buffer.concat([...large.chunks(0, large.size)]);
    const { path } = await leaveBehind(t, bytes.subarray(0, -5), large.digest);
    const blob = await resumeBlob(t, path, large.digest);
    await blob.rehash();
    await blob.append([bytes.subarray(-6)]);
    blob.verify();
  });

  test('that is cut while it is hashed fails', async (t) => {
    const { path } = await leaveBehind(t, content.subarray(0, 8));
    const blob = await resumeBlob(t, path);
    await truncate(path, 3);
    await assert.rejects(blob.rehash(), /was cut/);
  });

  test('keeps its file when it is cut off', async (t) => {
    const blob = await createBlob(t);
    await blob.append([content.subarray(0, 8)]);
    const reading = readUntilStopped(blob.openSource());
    blob.cutOff(fault);
    assert.equal((await reading).error, fault);
    assert.deepEqual(await readFile(blob.path), content.subarray(0, 8));
  });

  test('begins with its first bytes', async (t) => {
    const blob = await createBlob(t);
    await blob.append([content]);
    assert.deepEqual(await blob.head(5), content.subarray(0, 5));
    assert.deepEqual(await blob.head(500), content);
  });
});

describe('the size', () => {
  test('is unknown until somebody says it, and certain at the end', async (t) => {
    const blob = await createBlob(t);
    const source = blob.openSource();
    assert.deepEqual([blob.size, source.size], [undefined, undefined]);
    await blob.append([content]);
    assert.equal(source.size, undefined);
    blob.verify();
    assert.deepEqual([blob.size, source.size], [content.length, content.length]);
  });

  test('may be none at all', async (t) => {
    const blob = await createBlob(t, digestOf(Buffer.alloc(0)));
    blob.announceSize(0);
    const reading = readToEnd(blob.openSource());
    blob.verify();
    assert.equal((await reading).length, 0);
  });
});

test(
  'the file is open until the writer and the last reader have left',
  { skip: whySkipped },
  async (t) => {
    const blob = await createBlob(t);
    const [first, second] = [blob.openSource(), blob.openSource()];
    await blob.append([content]);
    await first.close();
    assert.equal(openDescriptors(blob.path), 1);
    blob.verify();
    await blob.release();
    assert.equal(openDescriptors(blob.path), 1);
    await second.close();
    assert.equal(openDescriptors(blob.path), 0);
  },
);

test('a failed blob leaves no file open either', { skip: whySkipped }, async (t) => {
  const blob = await createBlob(t);
  const source = blob.openSource();
  await blob.append([content]);
  await blob.fail(fault);
  await blob.release();
  await source.close();
  assert.equal(openDescriptors(blob.path), 0);
});

async function createBlob(t: Lifetime, of: Digest = digest): Promise<GrowingBlob> {
  const blob = await GrowingBlob.create(of, join(await temporaryDirectory(t), 'incoming'));
  t.after(() => blob.release());
  return blob;
}

async function readAll(blob: GrowingBlob, piece: number): Promise<Buffer> {
  const source = blob.openSource();
  const bytes = await readToEnd(source, { piece });
  await source.close();
  return bytes;
}

/** The file that a process leaves which was ended while it wrote a blob. */
async function leaveBehind(
  t: Lifetime,
  bytes: Buffer,
  of: Digest = digest,
): Promise<{ path: string }> {
  const blob = await createBlob(t, of);
  await blob.append([bytes]);
  blob.cutOff(fault);
  return blob;
}

async function resumeBlob(t: Lifetime, path: string, of: Digest = digest): Promise<GrowingBlob> {
  const blob = await GrowingBlob.resume(of, path);
  t.after(() => blob.release());
  return blob;
}
