import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPatiently } from '../../src/mirror/openPatiently.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';
import { manualClock } from '../support/manualClock.ts';

const signal = new AbortController().signal;

function failure(kind: UpstreamFailure, options: { status?: number; retryAfter?: number } = {}) {
  return new UpstreamError('docker.io', kind, 'failed', options);
}

/** Opens with these failures in a row before it succeeds; says how it ended and how often it was tried. */
async function open(failures: readonly Error[], slow = 0): Promise<[string, number]> {
  const clock = manualClock();
  let tries = 0;
  const attempt = async (): Promise<string> => {
    const error = failures[tries];
    tries += 1;
    clock.advance(slow);
    if (error !== undefined) throw error;
    return 'opened';
  };
  const patience = { resumeDelays: [0, 0, 0, 0], monotonicNow: clock };
  const result = await openPatiently(attempt, patience, signal).catch((error: unknown) => {
    assert.equal(error, failures[tries - 1]);
    return 'failed';
  });
  return [result, tries];
}

describe('opening a transfer', () => {
  for (const kind of ['unreachable', 'server_error'] as const) {
    test(`is tried again twice when the upstream is ${kind}`, async () => {
      const error = failure(kind);
      assert.deepEqual(await open([error, error]), ['opened', 3]);
      assert.deepEqual(await open([error, error, error]), ['failed', 3]);
    });
  }

  const final: Record<string, Error> = {
    'there is no such blob': new RegistryError('BLOB_UNKNOWN'),
    'it was throttled': failure('abuse_limit', { status: 429 }),
    'the pull limit is used up': failure('pull_limit', { status: 429 }),
    'the credentials were refused': failure('credentials_refused', { status: 401 }),
    'the address is forbidden': failure('forbidden_address'),
    'it was told when to come back': failure('server_error', { status: 503, retryAfter: 1 }),
    'it begins beyond the end': failure('server_error', { status: 416 }),
  };
  for (const [why, error] of Object.entries(final)) {
    test(`is not tried again when ${why}`, async () => {
      assert.deepEqual(await open([error]), ['failed', 1]);
    });
  }

  test('is not tried again when clients have waited long already', async () => {
    assert.deepEqual(await open([failure('unreachable')], 5_001), ['failed', 1]);
  });
});
