import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferPool } from '../../src/http/bufferPool.ts';

test('buffers have the size asked for and are used again', () => {
  const pool = new BufferPool(100, 2);
  const first = pool.take();
  const second = pool.take();
  assert.equal(first.length, 100);
  assert.notEqual(first, second);
  pool.give(first);
  assert.equal(pool.take(), first);
  assert.notEqual(pool.take(), first);
});

test('no more wait for their next use than wanted', () => {
  const pool = new BufferPool(1, 2);
  const taken = [pool.take(), pool.take(), pool.take()];
  for (const buffer of taken) pool.give(buffer);
  const again = new Set([pool.take(), pool.take(), pool.take()]);
  assert.equal(taken.filter((buffer) => again.has(buffer)).length, 2);
});
