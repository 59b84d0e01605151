import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readRateLimit, readRetryAfter, throttleReason } from '../../src/upstream/quota.ts';
import { anyText } from '../support/anyText.ts';

const fields = fc.oneof(
  anyText(),
  fc.string({ unit: fc.constantFrom('0', '9', ';', 'w=', ' ', ',', '-', '.', 'GMT', 'Jan', ':') }),
);

test('a rate limit is read back from what Docker Hub writes', () => {
  const windows = fc.option(fc.nat(), { nil: undefined });
  fc.assert(
    fc.property(fc.nat(), fc.nat(), windows, (limit, remaining, windowSeconds) => {
      const write = (count: number) =>
        windowSeconds === undefined ? String(count) : `${count};w=${windowSeconds}`;
      const headers = { 'ratelimit-limit': write(limit), 'ratelimit-remaining': write(remaining) };
      const expected = {
        limit,
        remaining,
        ...(windowSeconds === undefined ? {} : { windowSeconds }),
      };
      assert.deepEqual(readRateLimit(headers), expected);
    }),
  );
});

test('a rate limit holds no number but one that is not negative, whatever the fields say', () => {
  fc.assert(
    fc.property(fields, fields, (limit, remaining) => {
      const headers = { 'ratelimit-limit': limit, 'ratelimit-remaining': remaining };
      for (const number of Object.values(readRateLimit(headers) ?? {})) assert.ok(number >= 0);
    }),
  );
});

test('a Retry-After of either form is read back', () => {
  const now = Date.UTC(2026, 0, 1);
  fc.assert(
    fc.property(fc.nat({ max: 10_000_000 }), (seconds) => {
      const date = new Date(now + seconds * 1000).toUTCString();
      assert.equal(readRetryAfter({ 'retry-after': String(seconds) }, now), seconds);
      assert.equal(readRetryAfter({ 'retry-after': date }, now), seconds);
    }),
  );
});

test('a Retry-After is nothing or not negative, whatever the field says', () => {
  fc.assert(
    fc.property(fields, fc.maxSafeNat(), (field, now) => {
      const seconds = readRetryAfter({ 'retry-after': field }, now) ?? 0;
      assert.ok(seconds >= 0);
    }),
  );
});

test('a 429 is one of the two kinds, whatever it says', () => {
  fc.assert(
    fc.property(fields, fields, (remaining, body) => {
      const reason = throttleReason({ 'ratelimit-remaining': remaining }, body);
      assert.ok(reason === 'pull_limit' || reason === 'abuse_limit');
    }),
  );
});

test('a field of a megabyte is read in one pass', () => {
  for (const filling of [' ', '1', ';', '; w=1', '1 ']) {
    const field = `1${filling.repeat(1_000_000 / filling.length)}x`;
    assert.deepEqual(readRateLimit({ 'ratelimit-limit': field }), {});
    assert.equal(readRetryAfter({ 'retry-after': field }, 0), undefined);
  }
});
