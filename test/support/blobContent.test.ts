import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { blobBytes, fixedBlob, generatedBlob } from './blobContent.ts';

const size = 600_001;

test('equal recipes generate equal bytes, other seeds others', () => {
  const blob = generatedBlob({ size, seed: 'a' });
  assert.equal(generatedBlob({ size, seed: 'a' }).digest, blob.digest);
  assert.notEqual(generatedBlob({ size, seed: 'b' }).digest, blob.digest);
});

test('a digest is that of the bytes, by the algorithm asked for', () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    for (const blob of [
      generatedBlob({ size, seed: 'a', algorithm }),
      fixedBlob('text', algorithm),
    ]) {
      assert.equal(blob.digest, digestOf(blobBytes(blob), algorithm));
    }
  }
});

test('any stretch of a blob is the same as in the whole', () => {
  const generated = generatedBlob({ size, seed: 'a' });
  for (const blob of [generated, fixedBlob(blobBytes(generated))]) {
    const whole = blobBytes(blob);
    assert.equal(whole.length, size);
    for (const [start, end] of [
      [0, 1],
      [15, 17],
      [262_143, 262_145],
      [300_007, size],
      [5, 5],
    ] as const) {
      assert.deepEqual(Buffer.concat([...blob.chunks(start, end)]), whole.subarray(start, end));
    }
  }
});
