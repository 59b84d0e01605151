import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RegistryError } from '../../src/registry/errors.ts';
import { CircuitBreaker } from '../../src/upstream/circuitBreaker.ts';
import {
  UpstreamError,
  type UpstreamErrorOptions,
  type UpstreamFailure,
} from '../../src/upstream/upstreamError.ts';
import { manualClock, type ManualClock } from '../support/manualClock.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly breaker: CircuitBreaker;
  /** What was reported: the milliseconds of an opening, or `closed`. */
  readonly changes: readonly (number | 'closed')[];
  /** Lets a call through and has it fail, so many times. */
  readonly fail: (error?: unknown, times?: number) => void;
  readonly succeed: () => void;
}

function scene(): Scene {
  const clock = manualClock(0);
  const changes: (number | 'closed')[] = [];
  const breaker = new CircuitBreaker({
    now: clock,
    changed: (refusal) => changes.push(refusal?.milliseconds ?? 'closed'),
  });
  const fail = (error: unknown = failure('unreachable'), times = 1): void => {
    for (let count = 0; count < times; count++) {
      assert.equal(breaker.refusal, undefined);
      breaker.failed(breaker.begin(), count === 0 ? error : failure('unreachable'));
    }
  };
  const succeed = (): void => {
    assert.equal(breaker.refusal, undefined);
    breaker.succeeded(breaker.begin());
  };
  return { clock, breaker, changes, fail, succeed };
}

function failure(kind: UpstreamFailure, options: UpstreamErrorOptions = {}): UpstreamError {
  return new UpstreamError('hub.test', kind, 'something', options);
}

function throttled(retryAfter: number): UpstreamError {
  return failure('abuse_limit', { status: 429, retryAfter });
}

function remaining({ refusal }: CircuitBreaker): number | undefined {
  return refusal?.milliseconds;
}

function opened(): Scene {
  const open = scene();
  open.fail(undefined, 5);
  return open;
}

describe('a closed circuit', () => {
  test('opens for a second after five failures in a row', () => {
    const { breaker, changes, fail } = scene();
    fail(undefined, 4);
    assert.deepEqual([breaker.refusal, changes], [undefined, []]);
    const last = failure('server_error', { status: 503 });
    fail(last);
    assert.deepEqual(breaker.refusal, { error: last, milliseconds: 1000 });
    assert.deepEqual(changes, [1000]);
  });

  test('counts anew after a success', () => {
    const { breaker, fail, succeed } = scene();
    fail(undefined, 4);
    succeed();
    fail(undefined, 4);
    assert.equal(breaker.refusal, undefined);
  });

  test('opens at once when a call ran out of time', () => {
    const { breaker, fail } = scene();
    fail(failure('unreachable', { symptom: 'timed_out' }));
    assert.equal(remaining(breaker), 1000);
  });

  test('stays closed for a call that ran out of time while another succeeded', () => {
    const { breaker, succeed } = scene();
    const slow = breaker.begin();
    succeed();
    breaker.failed(slow, failure('unreachable', { symptom: 'timed_out' }));
    assert.equal(breaker.refusal, undefined);
  });

  test('counts a failure that many calls share once', () => {
    const { breaker } = scene();
    const shared = failure('unreachable');
    const attempts = Array.from({ length: 20 }, () => breaker.begin());
    for (const attempt of attempts) breaker.failed(attempt, shared);
    assert.equal(breaker.refusal, undefined);
  });

  test('does not count calls that were given up', () => {
    const { breaker, fail } = scene();
    fail(undefined, 4);
    for (let count = 0; count < 5; count++) breaker.abandoned(breaker.begin());
    assert.equal(breaker.refusal, undefined);
    fail();
    assert.notEqual(breaker.refusal, undefined);
  });
});

const signs: [string, unknown, 'counts' | 'resets' | 'says nothing'][] = [
  ['unreachable', failure('unreachable'), 'counts'],
  ['a 5xx', failure('server_error', { status: 500 }), 'counts'],
  ['an answer that is no HTTP', failure('server_error'), 'counts'],
  ['an abuse limit without a time', failure('abuse_limit', { status: 429 }), 'counts'],
  ['an answer without sense', failure('server_error', { status: 200 }), 'resets'],
  ['an expired address', failure('server_error', { status: 403 }), 'resets'],
  ['a used-up pull limit', failure('pull_limit', { status: 429 }), 'resets'],
  ['refused credentials', failure('credentials_refused', { status: 401 }), 'resets'],
  ['credentials that are missing', failure('credentials_required', { status: 401 }), 'resets'],
  ['a repository that is gone', new RegistryError('NAME_UNKNOWN'), 'resets'],
  ['accounts that are set aside', failure('credentials_refused'), 'says nothing'],
  ['a forbidden address', failure('forbidden_address'), 'says nothing'],
  ['a fault of this program', new TypeError('no'), 'says nothing'],
];

for (const [name, error, sign] of signs) {
  test(`${name} ${sign}`, () => {
    const { breaker, fail } = scene();
    fail(undefined, 4);
    fail(error);
    assert.equal(breaker.refusal !== undefined, sign === 'counts');
    if (sign === 'counts') return;
    fail();
    assert.equal(breaker.refusal !== undefined, sign === 'says nothing');
  });
}

describe('an open circuit', () => {
  test('says how long it stays so', () => {
    const { clock, breaker } = opened();
    clock.advance(400);
    assert.equal(remaining(breaker), 600);
  });

  test('lets one call through when its time is over, and no other until that ends', () => {
    const { clock, breaker } = opened();
    clock.advance(1000);
    assert.equal(breaker.refusal, undefined);
    const probe = breaker.begin();
    assert.equal(remaining(breaker), 0);
    clock.advance(60_000);
    assert.equal(remaining(breaker), 0);
    breaker.succeeded(probe);
    assert.equal(breaker.refusal, undefined);
  });

  test('stays open twice as long after each probe that fails, up to half a minute', () => {
    const { clock, breaker, fail } = opened();
    const windows: number[] = [];
    for (let count = 0; count < 7; count++) {
      clock.advance(remaining(breaker) ?? 0);
      fail();
      windows.push(remaining(breaker) ?? 0);
    }
    assert.deepEqual(windows, [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('reports its opening and its closing, not the probes that fail', () => {
    const { clock, changes, fail, succeed } = opened();
    clock.advance(1000);
    fail();
    clock.advance(2000);
    succeed();
    assert.deepEqual(changes, [1000, 'closed']);
  });

  test('begins with a second again after it was closed', () => {
    const { clock, breaker, fail, succeed } = opened();
    clock.advance(1000);
    fail();
    clock.advance(2000);
    succeed();
    fail(undefined, 5);
    assert.equal(remaining(breaker), 1000);
  });

  for (const [how, end] of [
    ['is given up', (breaker: CircuitBreaker) => breaker.abandoned(breaker.begin())],
    [
      'shows nothing',
      (breaker: CircuitBreaker) => breaker.failed(breaker.begin(), failure('forbidden_address')),
    ],
  ] as const) {
    test(`lets the next call be the probe when one ${how}`, () => {
      const { clock, breaker } = opened();
      clock.advance(1000);
      end(breaker);
      assert.equal(breaker.refusal, undefined);
      breaker.begin();
      assert.notEqual(breaker.refusal, undefined);
    });
  }

  test('takes no notice of failures of calls that began before', () => {
    const { clock, breaker, fail } = scene();
    const earlier = Array.from({ length: 5 }, () => breaker.begin());
    fail(undefined, 5);
    clock.advance(1000);
    const probe = breaker.begin();
    for (const attempt of earlier) breaker.failed(attempt, failure('unreachable'));
    assert.equal(remaining(breaker), 0);
    breaker.succeeded(probe);
    assert.equal(breaker.refusal, undefined);
  });

  test('closes when a call that began before succeeds', () => {
    const { breaker, fail } = scene();
    const earlier = breaker.begin();
    fail(undefined, 5);
    breaker.succeeded(earlier);
    assert.equal(breaker.refusal, undefined);
  });

  test('closes when the probe is answered, whatever the answer', () => {
    const { clock, breaker, fail } = opened();
    clock.advance(1000);
    fail(failure('pull_limit', { status: 429 }));
    assert.equal(breaker.refusal, undefined);
  });
});

describe('an abuse limit with a time', () => {
  for (const [seconds, held] of [
    [0, 1000],
    [20, 20_000],
    [60, 60_000],
    [3600, 60_000],
  ] as const) {
    test(`of ${seconds} s opens the circuit for ${held} ms`, () => {
      const { breaker, fail } = scene();
      const error = throttled(seconds);
      fail(error);
      assert.deepEqual(breaker.refusal, { error, milliseconds: held });
    });
  }

  test('is not lifted by the success of a call that began before', () => {
    const { breaker, fail } = scene();
    const earlier = breaker.begin();
    fail(throttled(20));
    breaker.succeeded(earlier);
    assert.equal(remaining(breaker), 20_000);
  });

  test('is over when the probe after it succeeds', () => {
    const { clock, breaker, changes, fail, succeed } = scene();
    fail(throttled(20));
    clock.advance(20_000);
    succeed();
    assert.deepEqual([breaker.refusal, changes], [undefined, [20_000, 'closed']]);
  });

  test('holds again when the probe meets it again', () => {
    const { clock, breaker, fail } = scene();
    fail(throttled(20));
    clock.advance(20_000);
    fail(throttled(10));
    assert.equal(remaining(breaker), 10_000);
  });

  test('does not shorten a longer one', () => {
    const { breaker, fail } = scene();
    const earlier = breaker.begin();
    fail(throttled(20));
    breaker.failed(earlier, throttled(5));
    assert.equal(remaining(breaker), 20_000);
  });
});
