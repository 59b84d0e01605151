import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { ChunkQueue } from '../../src/mirror/chunkQueue.ts';

const broken = new Error('the connection was reset');
const chunk = Buffer.alloc(16 * 1024, 'x');

/** All bytes that come out of a queue, and the error that ends them if one does. */
async function readAll(queue: ChunkQueue): Promise<{ bytes: number; error?: unknown }> {
  let bytes = 0;
  try {
    for (;;) {
      const chunks = await queue.take();
      if (chunks === undefined) return { bytes };
      for (const { length } of chunks) bytes += length;
    }
  } catch (error) {
    return { bytes, error };
  }
}

/** Everything that is due has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a queue of chunks', () => {
  test('gives all bytes of a body, however far that is ahead', async () => {
    const body = Readable.from(Array.from({ length: 100 }, () => chunk));
    assert.deepEqual(await readAll(new ChunkQueue(body)), { bytes: 100 * chunk.length });
  });

  for (const ahead of [1, 3, 4, 7, 8]) {
    test(`gives what came in before a break, and then the break (${ahead} chunks)`, async () => {
      const body = new PassThrough({ highWaterMark: 64 * 1024 });
      const queue = new ChunkQueue(body);
      for (let count = 0; count < ahead; count += 1) body.write(chunk);
      await settled();
      body.destroy(broken);
      await settled();
      assert.deepEqual(await readAll(queue), { bytes: ahead * chunk.length, error: broken });
    });
  }

  test('takes a body that is closed before its end for broken', async () => {
    const body = new PassThrough();
    const queue = new ChunkQueue(body);
    body.destroy();
    const { error } = await readAll(queue);
    assert.match(String(error), /before its end/);
  });

  test('makes a body wait that nobody reads', async () => {
    const body = new PassThrough({ highWaterMark: 64 * 1024 });
    const queue = new ChunkQueue(body);
    let written = 0;
    while (body.write(chunk)) {
      written += chunk.length;
      await settled();
    }
    assert.ok(queue.waiting <= 2064 * 1024, `${queue.waiting} bytes wait`);
    assert.ok(written <= 2240 * 1024, `${written} bytes were taken`);
    body.end();
    assert.deepEqual(await readAll(queue), { bytes: written + chunk.length });
    assert.equal(queue.waiting, 0);
  });

  test('gives chunks that lie side by side as one, and others as they are', async () => {
    const body = new PassThrough({ objectMode: true });
    const queue = new ChunkQueue(body);
    const bytes = Buffer.from('one two three');
    const chunks = [bytes.subarray(0, 4), bytes.subarray(4, 8), bytes.subarray(7)];
    for (const each of chunks) body.write(each);
    await settled();
    const taken = await queue.take();
    assert.deepEqual(taken?.map(String), ['one two ', ' three']);
  });

  test('joins no chunks of different memory', async () => {
    const body = new PassThrough({ objectMode: true });
    const queue = new ChunkQueue(body);
    const [one, other] = ['oneone', 'others'].map((text) => {
      const bytes = Buffer.allocUnsafeSlow(text.length);
      bytes.write(text);
      return bytes;
    });
    body.write(one?.subarray(0, 3));
    body.write(other?.subarray(3));
    await settled();
    assert.deepEqual((await queue.take())?.map(String), ['one', 'ers']);
  });
});
