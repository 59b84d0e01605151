import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { digestOf } from '../../src/registry/digest.ts';
import { ReceiveBuffers } from '../../src/upstream/receiveBuffers.ts';
import { UpstreamAgents } from '../../src/upstream/upstreamAgents.ts';
import { blobBytes, generatedBlob } from '../support/blobContent.ts';
import { startTinyServer } from './tinyServer.ts';

const slab = 256 * 1024;

/** What a socket does with its buffers, without a network: each read fills as much as is said. */
class Reads {
  readonly #onread;
  #buffer: Uint8Array;
  readonly pieces: Buffer[] = [];

  constructor({ onread }: ReceiveBuffers) {
    this.#onread = onread;
    this.#buffer = this.#next();
  }

  receive(count: number): Buffer {
    const stream = { push: (piece: Buffer) => this.pieces.push(piece) > 0 };
    this.#onread.callback.call(stream, Math.min(count, this.#buffer.length), this.#buffer);
    this.#buffer = this.#next();
    return this.pieces.at(-1) ?? Buffer.alloc(0);
  }

  #next(): Uint8Array {
    const { buffer } = this.#onread;
    return typeof buffer === 'function' ? buffer() : buffer;
  }
}

describe('memory that was received into', () => {
  test('is used again when all of it came back', () => {
    const buffers = new ReceiveBuffers();
    const reads = new Reads(buffers);
    const first = reads.receive(slab);
    const second = reads.receive(slab);
    assert.notEqual(second.buffer, first.buffer);
    buffers.release(first);
    reads.receive(slab);
    assert.equal(reads.receive(slab).buffer, first.buffer);
  });

  test('is not used again while a part of it is kept', () => {
    const buffers = new ReceiveBuffers();
    const reads = new Reads(buffers);
    const whole = reads.receive(slab);
    buffers.release(whole.subarray(100));
    const later = Array.from({ length: 10 }, () => reads.receive(slab));
    assert.ok(later.every(({ buffer }) => buffer !== whole.buffer));
  });

  test('is not used again while a socket receives into it', () => {
    const buffers = new ReceiveBuffers();
    const reads = new Reads(buffers);
    const small = reads.receive(1000);
    buffers.release(small);
    const other = new Reads(buffers);
    assert.notEqual(other.receive(10).buffer, small.buffer);
    const next = reads.receive(1000);
    assert.equal(next.buffer, small.buffer);
    assert.equal(next.byteOffset, small.byteOffset + small.length);
  });

  test('may be given back in several parts, and in one that was several', () => {
    const buffers = new ReceiveBuffers();
    const reads = new Reads(buffers);
    const one = reads.receive(100_000);
    const two = reads.receive(slab);
    assert.equal(two.buffer, one.buffer);
    const rest = one.length + two.length - 7;
    buffers.release(Buffer.from(one.buffer, one.byteOffset, 7));
    buffers.release(Buffer.from(one.buffer, one.byteOffset + 7, rest));
    reads.receive(slab);
    assert.equal(reads.receive(1).buffer, one.buffer);
  });

  test('that came from elsewhere is left alone', () => {
    const buffers = new ReceiveBuffers();
    const foreign = Buffer.alloc(slab);
    buffers.release(foreign);
    assert.notEqual(new Reads(buffers).receive(1).buffer, foreign.buffer);
  });
});

test('two transfers at once bring their own bytes though both give their memory back', async (t) => {
  const blobs = ['one', 'other'].map((seed) => generatedBlob({ size: 8_000_001, seed }));
  const server = await startTinyServer(t, ({ url }, response) => {
    response.end(blobBytes(blobs[url === '/1' ? 1 : 0] ?? generatedBlob({ size: 1, seed: '' })));
  });
  const agents = new UpstreamAgents({ environment: {}, lookup });
  t.after(() => agents.destroy());
  const digests = await Promise.all(
    blobs.map(async (_blob, index) => {
      const { body } = await request(`${server.url}/${index}`, { dispatcher: agents.blob });
      const copies: Buffer[] = [];
      body.on('data', (piece: Buffer) => {
        copies.push(Buffer.from(piece));
        agents.received.release(piece);
      });
      await once(body, 'end');
      return digestOf(Buffer.concat(copies));
    }),
  );
  assert.deepEqual(
    digests,
    blobs.map(({ digest }) => digest),
  );
});
