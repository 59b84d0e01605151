import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clientErrorFor,
  incompleteError,
  isRepositoryGone,
  isUnavailable,
  offlineError,
  upstreamErrorIn,
} from '../../src/mirror/clientError.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';

const host = 'docker.io';

function failed(failure: UpstreamFailure, retryAfter?: number): UpstreamError {
  const options = retryAfter === undefined ? {} : { retryAfter };
  return new UpstreamError(host, failure, 'https://cdn.example/?X-Amz-Signature=secret', options);
}

test('a used-up pull limit is 429, so that clients wait', () => {
  const error = clientErrorFor(failed('pull_limit'));
  assert.deepEqual([error.code, error.status, error.retryAfter], ['TOOMANYREQUESTS', 429, 60]);
});

test('every other failure is 503, so that containerd goes on to its next host at once', () => {
  const failures = [
    'unreachable',
    'server_error',
    'abuse_limit',
    'credentials_refused',
    'credentials_required',
    'forbidden_address',
    'busy',
  ] as const;
  for (const failure of failures) {
    const error = clientErrorFor(failed(failure));
    assert.deepEqual([error.code, error.status, error.retryAfter], ['UNAVAILABLE', 503, 10]);
  }
});

test('the upstream decides when to come back, where it says so', () => {
  assert.equal(clientErrorFor(failed('pull_limit', 7)).retryAfter, 7);
  assert.equal(clientErrorFor(failed('unreachable', 7)).retryAfter, 7);
});

test('a client is not told what the upstream said', () => {
  for (const failure of ['pull_limit', 'unreachable'] as const) {
    assert.doesNotMatch(clientErrorFor(failed(failure)).toBody(), /secret|cdn/);
  }
});

test('what is not held offline is 503, and names the upstream that is not asked', () => {
  const error = offlineError(host);
  assert.equal(error.status, 503);
  assert.match(error.message, /docker\.io/);
});

test('what is held in part is 503 with a time to come back, for a fault of the upstream', () => {
  const error = incompleteError(host);
  assert.equal(error.status, 503);
  assert.ok((error.retryAfter ?? 0) > 0);
  assert.equal(upstreamErrorIn(error)?.host, host);
});

test('what may exist is told from what does not', () => {
  const unavailable = [
    clientErrorFor(failed('pull_limit')),
    clientErrorFor(failed('busy')),
    incompleteError(host),
    offlineError(host),
  ];
  assert.ok(unavailable.every((error) => isUnavailable(error)));
  const others = [new RegistryError('NAME_UNKNOWN'), new RegistryError('MANIFEST_UNKNOWN')];
  assert.ok(!others.some((error) => isUnavailable(error)));
  assert.equal(isUnavailable(new Error('a fault of the disk')), false);
});

test('a repository is gone by NAME_UNKNOWN alone', () => {
  assert.equal(isRepositoryGone(new RegistryError('NAME_UNKNOWN')), true);
  assert.equal(isRepositoryGone(new RegistryError('MANIFEST_UNKNOWN')), false);
  assert.equal(isRepositoryGone(failed('server_error')), false);
});

test('the fault of the upstream is found in what a client is told about it', () => {
  const fault = failed('unreachable');
  assert.equal(upstreamErrorIn(fault), fault);
  assert.equal(upstreamErrorIn(clientErrorFor(fault)), fault);
  assert.equal(upstreamErrorIn(new RegistryError('NAME_UNKNOWN')), undefined);
  assert.equal(upstreamErrorIn(new Error('another')), undefined);
});
