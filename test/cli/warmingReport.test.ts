import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressRow } from '../../src/cli/progressBar.ts';
import { WarmingReport } from '../../src/cli/warmingReport.ts';
import { parseDigest } from '../../src/registry/digest.ts';
import { manualClock } from '../support/manualClock.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`) ?? assert.fail();

/** A report whose rows and lines are kept. */
function start() {
  const clock = manualClock();
  const shown: (string | readonly ProgressRow[])[] = [];
  const progress = {
    update: (rows: readonly ProgressRow[]) => shown.push(rows),
    line: (text: string) => shown.push(text),
    stop: () => shown.push('stopped'),
  };
  return { clock, shown, report: new WarmingReport(progress, clock) };
}

test('each image under way has a row, with the rate at which it comes in', () => {
  const { clock, shown, report } = start();
  const event = { kind: 'progress', image: 'alpine', totalBytes: 5000 } as const;
  // What was here before came in at no rate.
  report.tell({ ...event, bytes: 0, fetchedBytes: 0 });
  clock.advance(1000);
  report.tell({ ...event, bytes: 4000, fetchedBytes: 1000 });
  report.tell({ ...event, image: 'busybox', bytes: 1, fetchedBytes: 1 });
  assert.deepEqual(shown.at(-1), [
    { label: 'alpine', done: 4000, total: 5000, rate: 1000 },
    { label: 'busybox', done: 1, total: 5000, rate: undefined },
  ]);
});

test('an image that is over has a line instead', () => {
  const { shown, report } = start();
  report.tell({ kind: 'progress', image: 'alpine', bytes: 1, totalBytes: 2, fetchedBytes: 1 });
  report.tell({
    kind: 'warmed',
    image: 'alpine',
    digest,
    platforms: ['linux/amd64', 'linux/arm64'],
    bytes: 3 * 1024,
    fetchedBytes: 2048,
    seconds: 65,
  });
  report.tell({ kind: 'failed', image: 'redis', reason: 'manifest unknown' });
  report.tell({ kind: 'done', warmed: 1, failed: 1, fetchedBytes: 2048, seconds: 70 });
  report.end();
  assert.deepEqual(shown.slice(1), [
    [],
    'warmed  alpine (linux/amd64, linux/arm64): 3.0 KiB, 2.0 KiB fetched in 1m 5s',
    [],
    'failed  redis: manifest unknown',
    [],
    '1 warmed, 1 failed; 2.0 KiB fetched in 1m 10s',
    'stopped',
  ]);
});

test('a reason cannot move the cursor', () => {
  const { shown, report } = start();
  report.tell({ kind: 'failed', image: 'redis', reason: 'no\u001B[2Jne' });
  assert.equal(shown.at(-1), 'failed  redis: no?[2Jne');
});
