import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStoreFailures } from '../../src/ops/storeFailures.ts';
import { manualClock } from '../support/manualClock.ts';
import { loggerWithLines } from './logLines.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });

test('a disk that fails with each request is one line a minute for each way it fails', () => {
  const clock = manualClock(0);
  const { logger, lines } = loggerWithLines();
  const failures = createStoreFailures(logger, clock);
  for (let request = 0; request < 100; request += 1) failures.report(failure('EROFS'));
  failures.report(failure('EIO'));
  assert.equal(lines.length, 2);
  clock.advance(60_000);
  failures.report(failure('EROFS'));
  failures.report(failure('EROFS'));
  const last = JSON.parse(lines[2] ?? '') as { notLogged: number; err: { message: string } };
  assert.deepEqual([lines.length, last.notLogged], [3, 99]);
  assert.equal(last.err.message, 'EROFS: it failed');
});

test('failures of ever other kinds do not pile up', () => {
  const { logger, lines } = loggerWithLines();
  const failures = createStoreFailures(logger, manualClock(0));
  for (let kind = 0; kind < 1000; kind += 1) failures.report(failure(`E${kind}`));
  assert.ok(lines.length <= 101);
});
