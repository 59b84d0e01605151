import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showBytes, showCount, showShare, showSpan } from '../../src/cli/statsUnits.ts';

for (const [bytes, text] of [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536 * 1024, '1.5 MiB'],
  [250 * 1024 ** 3, '250 GiB'],
  [-1536, '-1.5 KiB'],
  [3000 * 1024 ** 5, '3000 PiB'],
] as const) {
  test(`${bytes} bytes are shown as ${text}`, () => assert.equal(showBytes(bytes), text));
}

for (const [seconds, text] of [
  [-5, '0s'],
  [0.4, '0s'],
  [59, '59s'],
  [60, '1m'],
  [3661, '1h 1m'],
  [86_400 * 3 + 60, '3d'],
] as const) {
  test(`${seconds} s are shown as ${text}`, () => assert.equal(showSpan(seconds * 1000), text));
}

for (const [share, text] of [
  [0, '0 %'],
  [0.00001, '0.1 %'],
  [0.9812, '98.1 %'],
  [0.99999, '99.9 %'],
  [1, '100 %'],
] as const) {
  test(`a share of ${share} is shown as ${text}`, () => assert.equal(showShare(share), text));
}

test('thousands are set apart', () => assert.equal(showCount(1_234_567), '1,234,567'));
