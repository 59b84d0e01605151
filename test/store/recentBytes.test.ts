import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentBytes, RecentMemory } from '../../src/store/recentBytes.ts';

/** What of a blob can be copied from a position on. */
function copied(recent: RecentBytes, position: number, length = 100): string {
  const target = Buffer.alloc(length);
  return target.subarray(0, recent.copy(target, position)).toString();
}

test('bytes are copied across chunks, from any position that is still there', () => {
  const recent = new RecentBytes(new RecentMemory());
  recent.add(10, Buffer.from('abc'), undefined);
  recent.add(13, Buffer.from(''), undefined);
  recent.add(13, Buffer.from('defg'), undefined);
  assert.equal(copied(recent, 10), 'abcdefg');
  assert.equal(copied(recent, 12, 3), 'cde');
  assert.equal(copied(recent, 16), 'g');
});

test('nothing is copied from before the first byte or after the last', () => {
  const recent = new RecentBytes(new RecentMemory());
  assert.equal(copied(recent, 0), '');
  recent.add(10, Buffer.from('abc'), undefined);
  assert.equal(copied(recent, 9), '');
  assert.equal(copied(recent, 13), '');
});

test('the oldest make way for all that share the memory, and go back to where they came from', () => {
  const memory = new RecentMemory(10);
  const [one, other] = [new RecentBytes(memory), new RecentBytes(memory)];
  const recycled: string[] = [];
  const recycle = (chunk: Buffer) => void recycled.push(chunk.toString());
  one.add(0, Buffer.from('1234'), recycle);
  other.add(0, Buffer.from('abcd'), recycle);
  one.add(4, Buffer.from('5678'), recycle);
  assert.deepEqual(recycled, ['1234']);
  assert.equal(copied(one, 0), '');
  assert.equal(copied(one, 4), '5678');
  assert.equal(copied(other, 0), 'abcd');
  one.clear();
  assert.deepEqual(recycled, ['1234', '5678']);
  assert.equal(memory.bytes, 4);
});

test('a chunk that is larger than the memory is let go at once', () => {
  const memory = new RecentMemory(10);
  const recent = new RecentBytes(memory);
  recent.add(0, Buffer.alloc(11), undefined);
  assert.equal(copied(recent, 0), '');
  assert.equal(memory.bytes, 0);
});

test('of very small chunks no more are kept than can be looked through', () => {
  const memory = new RecentMemory();
  const recent = new RecentBytes(memory);
  for (let at = 0; at < 5000; at += 1) recent.add(at, Buffer.from('a'), undefined);
  assert.equal(memory.bytes, 4096);
  assert.equal(copied(recent, 5000 - 4097), '');
  assert.equal(copied(recent, 5000 - 4096), 'a'.repeat(100));
});
