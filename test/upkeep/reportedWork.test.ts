import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { ReportedWork } from '../../src/upkeep/reportedWork.ts';

async function abortOf(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

describe('work that reports', () => {
  test('gives what it reports, in order, and ends', async () => {
    const work = new ReportedWork<number>(async (report) => {
      for (const one of [1, 2, 3]) await report(one);
    });
    assert.deepEqual(await Array.fromAsync(work), [1, 2, 3]);
    assert.deepEqual(await work.next(), { done: true, value: undefined });
  });

  test('begins when the first event is asked for', async () => {
    let begun = false;
    const work = new ReportedWork<number>(async () => {
      begun = true;
    });
    assert.ok(!begun);
    await work.next();
    assert.ok(begun);
  });

  test('goes no further than what is taken', async () => {
    const reported: number[] = [];
    const work = new ReportedWork<number>(async (report) => {
      for (const one of [1, 2, 3]) {
        reported.push(one);
        await report(one);
      }
    });
    await work.next();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(reported, [1, 2]);
    await work.return();
  });

  test('fails as the work does, once', async () => {
    const work = new ReportedWork<number>(async (report) => {
      await report(1);
      throw new Error('broken');
    });
    await work.next();
    await assert.rejects(work.next(), /broken/);
    assert.deepEqual(await work.next(), { done: true, value: undefined });
  });

  test('is stopped in the midst of an event that is long in coming, and heard out', async () => {
    let ended = false;
    const work = new ReportedWork<number>(async (report, signal) => {
      await report(1);
      await abortOf(signal);
      await new Promise((resolve) => setImmediate(resolve));
      ended = true;
      signal.throwIfAborted();
    });
    await work.next();
    const pending = work.next();
    assert.deepEqual(await work.return(), { done: true, value: undefined });
    assert.ok(ended);
    assert.deepEqual(await pending, { done: true, value: undefined });
  });

  test('is stopped while nobody takes what it reports', async () => {
    const failures: unknown[] = [];
    const work = new ReportedWork<number>(async (report) => {
      await report(1);
      await report(2).catch((error: unknown) => failures.push(error));
    });
    for await (const event of work) {
      assert.equal(event, 1);
      break;
    }
    assert.equal(failures.length, 1);
  });

  test('is never begun when it is stopped before', async () => {
    const work = new ReportedWork<number>(async () => assert.fail('it began'));
    await work.return();
    assert.deepEqual(await work.next(), { done: true, value: undefined });
  });

  test('ends with the reason of a signal that is aborted', async () => {
    const controller = new AbortController();
    const work = new ReportedWork<number>(async (report, signal) => {
      await report(1);
      await abortOf(signal);
      signal.throwIfAborted();
    }, controller.signal);
    await work.next();
    controller.abort(new Error('enough'));
    await assert.rejects(work.next(), /enough/);
  });
});
