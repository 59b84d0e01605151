import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusBucket } from '../../src/upstream/statusBucket.ts';

const buckets: [number, string][] = [
  [200, '2xx'],
  [206, '2xx'],
  [307, '2xx'],
  [400, '4xx'],
  [401, '401'],
  [403, '403'],
  [404, '404'],
  [416, '4xx'],
  [429, '429'],
  [500, '5xx'],
  [503, '5xx'],
];

for (const [status, bucket] of buckets) {
  test(`${status} is counted as ${bucket}`, () => {
    assert.equal(statusBucket(status), bucket);
  });
}
