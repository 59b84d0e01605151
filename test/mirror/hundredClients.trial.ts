import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { blobBytes, fixedBlob, generatedBlob, type BlobContent } from '../support/blobContent.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { startMirrorProcess } from './mirrorProcess.ts';
import { blobPath } from './pulls.ts';

const repository = 'library/alpine';
const megabyte = 1_000_000;
const readBuffer = 256 * 1024;

/**
 * Gets a blob and compares it with what it should be as it comes in; settles with how many bytes were
 * right. It reads into one buffer all the time: a hundred ordinary clients would cost more than what
 * they are to measure.
 */
function compareBlob(port: number, { digest }: BlobContent, expected: Buffer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let head = '';
  let right: number | undefined;
  const take = (bytes: Buffer): void => {
    if (right === undefined) {
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      right = 0;
      take(Buffer.from(head.slice(end + 4), 'latin1'));
      return;
    }
    if (bytes.compare(expected, right, right + bytes.length) !== 0) {
      reject(new Error(`other bytes after ${right}`));
      socket.destroy();
    }
    right += bytes.length;
  };
  const onread = {
    buffer: Buffer.alloc(readBuffer),
    callback: (count: number, buffer: Uint8Array) => {
      take(Buffer.from(buffer.buffer, buffer.byteOffset, count));
      return true;
    },
  };
  const socket = connect({ host: '127.0.0.1', port, onread });
  socket.once('end', () => resolve(right ?? 0));
  socket.once('error', reject);
  socket.write(
    `GET ${blobPath(repository, digest)} HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n`,
  );
  return promise;
}

test(
  'a hundred clients at once get an uncached blob of 200 MB by one request upstream, in 100 MB of memory',
  { skip: process.platform !== 'linux' && 'the memory of a process is read the way of Linux' },
  async (t) => {
    const hub = await startHub(t);
    const blob = generatedBlob({ size: 200 * megabyte, seed: 'two hundred megabytes' });
    const small = fixedBlob('a first blob, so that all code is loaded');
    hub.addImage(repository, buildImage({ layers: [blob, small] }), { tags: ['latest'] });
    const expected = blobBytes(blob);
    const { port, memory } = await startMirrorProcess(t, hub);
    await compareBlob(port, small, blobBytes(small));
    const before = await memory();
    const received = await Promise.all(
      Array.from({ length: 100 }, () => compareBlob(port, blob, expected)),
    );
    assert.deepEqual(new Set(received), new Set([blob.size]));
    assert.equal(hub.count({ operation: 'blob_get', reference: blob.digest }), 1);
    assert.equal(hub.count({ operation: 'cdn_get', reference: blob.digest }), 1);
    const growth = (await memory()).peak - before.now;
    t.diagnostic(`memory grew by ${(growth / megabyte).toFixed(1)} MB at most`);
    assert.ok(growth < 100 * megabyte, `memory grew by ${growth} bytes`);
  },
);
