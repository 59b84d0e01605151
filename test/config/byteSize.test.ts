import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { formatByteSize, parseByteSize } from '../../src/config/byteSize.ts';

describe('a size', () => {
  const sizes: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['17', 17],
    ['17B', 17],
    ['1KiB', 1024],
    ['1kB', 1000],
    ['1KB', 1000],
    ['512MiB', 536_870_912],
    ['100GB', 100_000_000_000],
    ['100 GB', 100_000_000_000],
    ['1.5GiB', 1_610_612_736],
    ['2TiB', 2_199_023_255_552],
    ['1PiB', 1_125_899_906_842_624],
  ];
  for (const [text, bytes] of sizes) {
    test(`"${text}" is ${bytes} bytes`, () => {
      assert.equal(parseByteSize(text), bytes);
    });
  }

  for (const text of [
    '',
    '1M',
    '1Mi',
    '1mb',
    '-1',
    '1e9',
    '1,5GB',
    'GiB',
    '1 000',
    '1GiB ',
    '9PiB',
  ]) {
    test(`"${text}" is none`, () => {
      assert.equal(parseByteSize(text), undefined);
    });
  }

  test('is read back from what it is written as', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => parseByteSize(formatByteSize(bytes)) === bytes),
    );
  });

  test('is worth what its number and unit say, if that can be counted exactly', () => {
    const worth = {
      '': 1n,
      B: 1n,
      kB: 1000n,
      KiB: 1024n,
      MB: 1000n ** 2n,
      MiB: 1024n ** 2n,
    } as const;
    const large = {
      GiB: 1024n ** 3n,
      TB: 1000n ** 4n,
      TiB: 1024n ** 4n,
      PiB: 1024n ** 5n,
    } as const;
    const units = fc.constantFrom(...Object.entries({ ...worth, ...large }));
    const numbers = fc.oneof(fc.nat(20), fc.maxSafeNat());
    fc.assert(
      fc.property(numbers, units, fc.constantFrom('', ' '), (number, [unit, bytes], space) => {
        const exact = BigInt(number) * bytes;
        const expected = exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : undefined;
        assert.equal(parseByteSize(`${number}${unit === '' ? '' : space}${unit}`), expected);
      }),
    );
  });

  test('is written in the largest unit that needs no fraction', () => {
    assert.equal(formatByteSize(2 * 1024 ** 3), '2GiB');
    assert.equal(formatByteSize(100 * 1000 ** 3), '100GB');
    assert.equal(formatByteSize(1536 * 1024), '1536KiB');
    assert.equal(formatByteSize(1025), '1025');
    assert.equal(formatByteSize(0), '0');
  });
});
