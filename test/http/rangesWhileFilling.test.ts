import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { blobBytes } from '../support/blobContent.ts';
import type { FaultHandle } from '../support/hub/faults.ts';
import type { RawConnection } from '../support/rawSocket.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { satisfiableRanges, unsatisfiableRanges } from './rangeCases.ts';
import { answered, requestLarge } from './largeRequest.ts';
import { startStage, type Stage } from './stage.ts';
import { readAnswer, type WireAnswer } from './wireAnswer.ts';

const arrived = 1_000_000;

/** A stage on which the first half of the large blob has arrived, and no more until it is released. */
async function startHalfFilled(t: TestContext): Promise<Stage & { fault: FaultHandle }> {
  const stage = await startStage(t);
  const { hub, mirror, large } = stage;
  const fault = hub.fault({ at: 'blob_body', stallAfter: arrived });
  const starter = await requestLarge(t, stage, 'bytes=0-0');
  assert.equal((await answered(starter)).status, 206);
  starter.destroy();
  const growing = await mirror.mirror.fills.find(large.digest)?.started;
  const source = growing?.openSource();
  await source?.read(Buffer.alloc(1), arrived - 2);
  await source?.close();
  assert.equal(growing?.length, arrived);
  return { ...stage, fault };
}

/** What has come so far, as soon as the head has. */
async function begun(connection: RawConnection): Promise<WireAnswer> {
  return readAnswer(await connection.until('\r\n\r\n'), 'timeout');
}

/** Waits until so much of the body has come, and nothing else. */
async function until(connection: RawConnection, expected: Buffer): Promise<void> {
  let { body } = await begun(connection);
  while (body.length < expected.length) {
    await once(connection.socket, 'data');
    ({ body } = await begun(connection));
  }
  assert.deepEqual(body, expected);
}

test('ranges of what has arrived are answered whole while the fill is under way', async (t) => {
  const stage = await startHalfFilled(t);
  const { hub, mirror, large, fault } = stage;
  const bytes = blobBytes(large);
  const within = satisfiableRanges(large.size).filter(([, , last]) => last < arrived - 1);
  assert.ok(within.length >= 2);
  for (const [range, first, last] of [...within, ['bytes=1000-900000', 1000, 900_000] as const]) {
    const { status, headers, body } = await answered(await requestLarge(t, stage, range));
    assert.equal(status, 206);
    assert.deepEqual(body, bytes.subarray(first, last + 1));
    assert.equal(headers['content-length'], String(last - first + 1));
    assert.equal(headers['content-range'], `bytes ${first}-${last}/${large.size}`);
    assert.equal(headers['x-cache'], 'joined');
  }
  assert.equal(mirror.mirror.fills.count, 1);
  assert.equal(hub.count({ operation: 'cdn_get', outcome: 'open' }), 1);
  fault.release();
});

test('ranges outside of the blob are a 416 while the fill is under way', async (t) => {
  const stage = await startHalfFilled(t);
  for (const range of unsatisfiableRanges(stage.large.size)) {
    const answer = await answered(await requestLarge(t, stage, range));
    assertRegistryError(answer, 416, 'RANGE_INVALID', range);
    assert.equal(answer.headers['content-range'], `bytes */${stage.large.size}`);
  }
  assert.equal(stage.mirror.mirror.fills.count, 1);
  stage.fault.release();
});

test('a range past what has arrived gets its head at once and its bytes when they come', async (t) => {
  const stage = await startHalfFilled(t);
  const { hub, mirror, large, fault } = stage;
  const bytes = blobBytes(large);
  const past = satisfiableRanges(large.size).filter(([, first]) => first >= arrived);
  const waiting: Array<[RawConnection, number, number]> = [];
  for (const [range, first, last] of past) {
    const connection = await requestLarge(t, stage, range);
    const { status, headers, body } = await begun(connection);
    assert.equal(status, 206);
    assert.equal(headers['content-range'], `bytes ${first}-${last}/${large.size}`);
    assert.equal(headers['content-length'], String(last - first + 1));
    assert.equal(body.length, 0);
    waiting.push([connection, first, last]);
  }
  assert.equal(mirror.mirror.fills.waiters, waiting.length);
  fault.release();
  for (const [connection, first, last] of waiting) {
    assert.deepEqual((await answered(connection)).body, bytes.subarray(first, last + 1));
  }
  assert.equal(hub.count({ operation: 'cdn_get' }), 1);
});

test('a range across the edge gets what is there and then the rest', async (t) => {
  const stage = await startHalfFilled(t);
  const bytes = blobBytes(stage.large);
  const connection = await requestLarge(t, stage, 'bytes=900000-1899999');
  // Until its digest is known to be right, the last byte of what has arrived is held back.
  await until(connection, bytes.subarray(900_000, arrived - 1));
  stage.fault.release();
  assert.deepEqual((await answered(connection)).body, bytes.subarray(900_000, 1_900_000));
});

test('the whole blob, and a part that is missing, come from one upstream request', async (t) => {
  const stage = await startHalfFilled(t);
  const whole = await requestLarge(t, stage);
  assert.equal((await begun(whole)).status, 200);
  const rest = await requestLarge(t, stage, `bytes=${arrived}-`);
  assert.equal((await begun(rest)).status, 206);
  stage.fault.release();
  const bytes = blobBytes(stage.large);
  assert.deepEqual((await answered(whole)).body, bytes);
  assert.deepEqual((await answered(rest)).body, bytes.subarray(arrived));
  assert.equal(stage.hub.count({ operation: 'cdn_get' }), 1);
});
