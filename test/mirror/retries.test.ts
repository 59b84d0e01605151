import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Retries } from '../../src/mirror/retries.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';

const broken = new UpstreamError('docker.io', 'unreachable', 'broke off');

function toldToWait(retryAfter: number): UpstreamError {
  return new UpstreamError('docker.io', 'abuse_limit', 'throttled', { retryAfter });
}

describe('a transfer that broke', () => {
  test('is tried again as often as there are delays, each after its own', () => {
    const retries = new Retries([0, 250, 1000]);
    const delays = Array.from({ length: 4 }, () => retries.next(broken));
    assert.deepEqual(delays, [0, 250, 1000, undefined]);
  });

  test('has all its tries again once it got somewhere', () => {
    const retries = new Retries([0, 250]);
    retries.next(broken);
    retries.next(broken);
    retries.progressed();
    assert.deepEqual([retries.next(broken), retries.next(broken)], [0, 250]);
  });

  test('waits as long as the upstream asks for, if that is not long', () => {
    const retries = new Retries([0, 20_000, 0]);
    assert.equal(retries.next(toldToWait(15)), 15_000);
    assert.equal(retries.next(toldToWait(15)), 20_000);
    assert.equal(retries.next(toldToWait(16)), undefined);
  });

  test('is given up when it was no fault of the upstream', () => {
    assert.equal(new Retries([0]).next(new Error('the disk')), undefined);
  });
});
