import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRateLimit, readRetryAfter, throttleReason } from '../../src/upstream/quota.ts';

const rateLimits: [string | undefined, string | undefined, object | undefined][] = [
  ['100;w=21600', '76;w=21600', { limit: 100, remaining: 76, windowSeconds: 21600 }],
  ['100', '76', { limit: 100, remaining: 76 }],
  [';w=21600', ';w=21600', { windowSeconds: 21600 }],
  [undefined, '0;w=3600', { remaining: 0, windowSeconds: 3600 }],
  ['100 ; w=60', undefined, { limit: 100, windowSeconds: 60 }],
  ['unlimited', '', {}],
  [undefined, undefined, undefined],
];

for (const [limit, remaining, reading] of rateLimits) {
  test(`ratelimit-limit ${limit} with ratelimit-remaining ${remaining} is understood`, () => {
    const headers = { 'ratelimit-limit': limit, 'ratelimit-remaining': remaining };
    assert.deepEqual(readRateLimit(headers), reading);
  });
}

const pullLimitTexts = [
  'You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit',
  'You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
  "You have reached your pull rate limit as 'acme': dckr_jti_x.",
];

for (const message of pullLimitTexts) {
  test(`"${message.slice(0, 45)}…" is the pull limit`, () => {
    const body = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message }] });
    assert.equal(throttleReason({}, body), 'pull_limit');
  });
}

test('a plain text, and what other registries say, is the abuse limit', () => {
  assert.equal(throttleReason({}, 'Too Many Requests (HAP429).\n'), 'abuse_limit');
  const ghcr = '{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 880µs"}]}';
  assert.equal(throttleReason({}, ghcr), 'abuse_limit');
  assert.equal(throttleReason({ 'ratelimit-remaining': '0;w=21600' }, ghcr), 'abuse_limit');
});

test('without a body an empty quota tells the pull limit', () => {
  assert.equal(throttleReason({ 'ratelimit-remaining': '0;w=21600' }, ''), 'pull_limit');
  assert.equal(throttleReason({ 'ratelimit-remaining': '5;w=21600' }, ''), 'abuse_limit');
  assert.equal(throttleReason({}, ''), 'abuse_limit');
});

test('Retry-After is read in seconds and as a date', () => {
  const now = Date.UTC(2026, 0, 1);
  const read = (value: string) => readRetryAfter({ 'retry-after': value }, now);
  assert.equal(read('60'), 60);
  assert.equal(read(' 0 '), 0);
  assert.equal(read('Thu, 01 Jan 2026 00:01:30 GMT'), 90);
  assert.equal(read('Wed, 31 Dec 2025 00:00:00 GMT'), 0);
});

test('a Retry-After that is neither says nothing', () => {
  for (const value of ['', 'soon', '1.5', '-5', '880µs', 'foo GMT']) {
    assert.equal(readRetryAfter({ 'retry-after': value }, 0), undefined);
  }
  assert.equal(readRetryAfter({}, 0), undefined);
});
