import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';

describe('a duration', () => {
  const durations: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['5 m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ];
  for (const [text, milliseconds] of durations) {
    test(`"${text}" is ${milliseconds} ms`, () => {
      assert.equal(parseDuration(text), milliseconds);
    });
  }

  for (const text of ['', '5', '1w', '-1s', '1h30m', '1M', 's', '1s ', '0.5', '999999999999d']) {
    test(`"${text}" is none`, () => {
      assert.equal(parseDuration(text), undefined);
    });
  }

  test('is read back from what it is written as', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });

  test('is worth what its number and unit say, if that can be counted exactly', () => {
    const worth = { ms: 1n, s: 1000n, m: 60_000n, h: 3_600_000n, d: 86_400_000n } as const;
    const units = fc.constantFrom(...Object.entries(worth));
    const numbers = fc.oneof(fc.nat(400), fc.maxSafeNat());
    fc.assert(
      fc.property(numbers, units, fc.constantFrom('', ' '), (number, [unit, length], space) => {
        const exact = BigInt(number) * length;
        const expected = exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : undefined;
        assert.equal(parseDuration(`${number}${space}${unit}`), expected);
      }),
    );
  });

  test('is written in the largest unit that needs no fraction', () => {
    assert.equal(formatDuration(86_400_000), '1d');
    assert.equal(formatDuration(90_000), '90s');
    assert.equal(formatDuration(1), '1ms');
    assert.equal(formatDuration(0), '0');
  });
});
