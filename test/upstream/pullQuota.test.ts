import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PullQuota } from '../../src/upstream/pullQuota.ts';
import type { RateLimitReading } from '../../src/upstream/upstreamObserver.ts';
import { manualClock } from '../support/manualClock.ts';

const hour = 3_600_000;
const window = 6 * hour;

function quotaOf() {
  const clock = manualClock();
  const quota = new PullQuota({ now: clock, wallNow: clock });
  /** Takes in what an answer said at this moment, to a request of `earlier` ms before. */
  const read = (said: RateLimitReading | undefined, { isPull = false, earlier = 0 } = {}) =>
    quota.read(said, { askedAt: clock() - earlier, isPull });
  return { clock, quota, read };
}

function remaining(count: number, more: Partial<RateLimitReading> = {}): RateLimitReading {
  return { limit: 100, remaining: count, windowSeconds: window / 1000, ...more };
}

describe('what is left', () => {
  test('has no bound while no answer told it', () => {
    const { quota, read } = quotaOf();
    assert.equal(quota.left, Infinity);
    assert.equal(read(undefined, { isPull: true }), undefined);
    assert.deepEqual(read({ windowSeconds: 21_600 }), { windowSeconds: 21_600 });
    assert.equal(quota.left, Infinity);
  });

  test('is what was read last, whoever spent the rest', () => {
    const { quota, read } = quotaOf();
    read(remaining(80), { isPull: true });
    read(remaining(31));
    assert.equal(quota.left, 31);
  });

  test('goes down with every pull whose answer does not tell it, but not with a HEAD', () => {
    const { quota, read } = quotaOf();
    read(remaining(80));
    read(undefined, { isPull: true });
    read(undefined);
    assert.equal(quota.left, 79);
    assert.equal(read({ windowSeconds: 21_600 }, { isPull: true })?.remaining, 78);
    read(remaining(77));
    assert.equal(quota.left, 77);
  });

  test('is less by the pulls that are under way', () => {
    const { quota, read } = quotaOf();
    read(remaining(2));
    quota.pullBegan();
    quota.pullBegan();
    quota.pullBegan();
    assert.equal(quota.left, 0);
    quota.pullEnded();
    quota.pullEnded();
    assert.equal(quota.left, 1);
  });

  test('is not read from an answer that another one overtook', () => {
    const { clock, quota, read } = quotaOf();
    read(remaining(50));
    clock.advance(100);
    read(remaining(40));
    clock.advance(100);
    read(remaining(45), { earlier: 150 });
    assert.equal(quota.left, 40);
  });

  test('is the whole limit once the window has ended', () => {
    const { clock, quota, read } = quotaOf();
    read(remaining(0));
    assert.ok(quota.isUsedUp);
    clock.advance(window);
    assert.equal(quota.left, 100);
    assert.ok(!quota.isUsedUp);
  });

  test('is unknown again when answers go on without telling it for a whole window', () => {
    const { clock, quota, read } = quotaOf();
    read(remaining(50));
    clock.advance(window);
    assert.equal(read(undefined), undefined);
    assert.equal(quota.left, Infinity);
  });
});

describe('the end of the window', () => {
  test('is a window after it was first seen, however often it is read since', () => {
    const { clock, read } = quotaOf();
    const seen = clock();
    read(remaining(80));
    clock.advance(hour);
    assert.equal(read(remaining(70))?.resetAt, seen + window);
    clock.advance(hour);
    assert.equal(read(undefined, { isPull: true })?.resetAt, seen + window);
  });

  test('is counted from the first use that is seen of a full one', () => {
    const { clock, read } = quotaOf();
    read(remaining(100));
    clock.advance(hour);
    assert.equal(read(remaining(99))?.resetAt, clock() + window);
  });

  for (const [what, next] of [
    ['more is left than before', { remaining: 90 }],
    ['it is another address that is counted', { source: '192.0.2.2' }],
  ] as const) {
    test(`is counted anew when ${what}`, () => {
      const { clock, read } = quotaOf();
      read(remaining(80, { source: '192.0.2.1' }));
      clock.advance(hour);
      assert.equal(read(remaining(80, next))?.resetAt, clock() + window);
    });
  }

  test('is counted anew by the first reading after it', () => {
    const { clock, read } = quotaOf();
    read(remaining(80));
    clock.advance(window);
    assert.equal(read(remaining(70))?.resetAt, clock() + window);
  });

  test('is taken to be six hours away at most where no answer names a window', () => {
    const { clock, read } = quotaOf();
    const seen = clock();
    clock.advance(hour);
    assert.deepEqual(read({ remaining: 5 }), { remaining: 5, resetAt: seen + hour + window });
  });
});
