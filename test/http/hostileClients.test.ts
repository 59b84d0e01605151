import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { openDescriptors, whySkipped } from '../store/openDescriptors.ts';
import { blobBytes } from '../support/blobContent.ts';
import { manualClock } from '../support/manualClock.ts';
import { openRawConnection, type RawConnection } from '../support/rawSocket.ts';
import { readAnswers } from './answerStream.ts';
import { descriptorCount } from './descriptorCount.ts';
import { Dice } from './dice.ts';
import { eventually } from './eventually.ts';
import { serveWith } from './secondServer.ts';
import { answered, requestLarge } from './largeRequest.ts';
import { blobPath, manifestPath, startStage } from './stage.ts';
import { requestHead } from './wireAnswer.ts';

const mebibyte = 1024 * 1024;

/** Resolves when so many bytes of the answer have come, its head among them. */
async function received(connection: RawConnection, bytes: number): Promise<void> {
  while (connection.received().length < bytes) await once(connection.socket, 'data');
}

const half = 1_000_000;
const held = half - 1;

/** How far a client of the large blob, of which one half arrives, gets before it hangs up. */
const partings: Readonly<Record<string, (connection: RawConnection) => Promise<unknown>>> = {
  'before anything has come': async () => {},
  'in the head': (connection) => received(connection, 1),
  'at the first bytes of the body': (connection) => connection.until('\r\n\r\n'),
  'in the middle of what has arrived': (connection) => received(connection, held / 2),
  'while it waits for more': (connection) => received(connection, held),
};

describe('a client that hangs up on a blob that is being fetched', { skip: whySkipped }, () => {
  for (const [when, reach] of Object.entries(partings)) {
    test(`${when} neither stops the fetch nor leaves anything open`, async (t) => {
      const stage = await startStage(t);
      const { hub, mirror, large, ask } = stage;
      const stalled = hub.fault({ at: 'blob_body', stallAfter: half });
      for (const leave of ['resetAndDestroy', 'destroy', 'end'] as const) {
        const connection = await requestLarge(t, stage);
        await reach(connection);
        connection.socket[leave]();
        connection.socket.resume();
      }
      await hub.waitFor({ operation: 'cdn_get' });
      await eventually('nobody reads', () => mirror.mirror.fills.waiters === 0);
      await eventually('all are reported', () => mirror.finished.length === 3);
      stalled.release();
      await eventually('it is over', () => mirror.mirror.fills.count === 0);
      const again = await ask('GET', blobPath(large.digest));
      assert.equal(again.headers['x-cache'], 'hit');
      assert.deepEqual(again.body, blobBytes(large));
      assert.equal(hub.count({ operation: 'cdn_get' }), 1);
      const file = new StoreLayout(mirror.directory).blobFile(large.digest);
      await eventually('the file is closed', () => openDescriptors(file) === 0);
    });
  }

  test('at its last byte has had all of it, and leaves nothing open', async (t) => {
    const stage = await startStage(t);
    const { hub, mirror, large } = stage;
    const connection = await requestLarge(t, stage);
    const head = await connection.until('\r\n\r\n');
    await received(connection, head.indexOf('\r\n\r\n') + 4 + large.size);
    connection.socket.resetAndDestroy();
    await eventually('it is over', () => mirror.mirror.fills.count === 0);
    await eventually('it is reported', () => mirror.finished.length === 1);
    const file = new StoreLayout(mirror.directory).blobFile(large.digest);
    await eventually('the file is closed', () => openDescriptors(file) === 0);
    assert.equal(hub.count({ operation: 'cdn_get' }), 1);
  });
});

/** A client that takes the bytes of the large blob one by one, and only when it is told to. */
function byteByByte(t: TestContext, port: number, path: string) {
  let taken = 0;
  const onread = {
    buffer: Buffer.alloc(1),
    callback: () => {
      taken += 1;
      return false;
    },
  };
  const socket = connect({ host: '127.0.0.1', port, onread });
  t.after(() => {
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.write(requestHead('GET', path));
  return { takeOne: () => socket.resume(), taken: () => taken };
}

test('readers of a byte at a time hold up neither the fetch nor others, and cost a buffer each', async (t) => {
  const stage = await startStage(t, { largeSize: 24 * mebibyte });
  const { hub, mirror, large } = stage;
  const server = await serveWith(t, stage);
  const slow = Array.from({ length: 20 }, () => byteByByte(t, server.port, blobPath(large.digest)));
  await eventually('each reads', () => slow.every((reader) => reader.taken() > 0));
  const takeOne = setInterval(() => {
    for (const reader of slow) reader.takeOne();
  });
  t.after(() => clearInterval(takeOne));
  const brisk = await stage.ask('GET', blobPath(large.digest));
  assert.ok(brisk.body.equals(blobBytes(large)));
  await eventually('it is held', () => mirror.mirror.fills.count === 0);
  assert.equal(hub.count({ operation: 'cdn_get' }), 1);
  assert.equal(server.finished.length, 0);
  const waiting = [...server.connections].map(({ writableLength }) => writableLength);
  assert.equal(waiting.length, slow.length);
  assert.ok(Math.max(...waiting) <= mebibyte / 2, `${Math.max(...waiting)} bytes wait`);
  assert.ok(slow.every((reader) => reader.taken() < large.size / 100));
});

const crowd = 1000;

test(
  'a thousand connections on which nothing comes, or half a request, keep nobody waiting and are ended',
  { skip: whySkipped },
  async (t) => {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(await limitsOfProcess())?.[1]);
    assert.ok(limit > 3 * crowd, `this test needs more than ${limit} open files: ulimit -n`);
    const stage = await startStage(t);
    await stage.ask('GET', manifestPath('3.20'));
    await stage.hold(stage.large);
    await stage.hub.idle();
    const before = descriptorCount();
    const headersTimeout = 4000;
    const server = await serveWith(t, stage, {
      headersTimeout,
      requestTimeout: headersTimeout,
      checkInterval: 50,
    });
    const silent = await Promise.all(
      Array.from({ length: crowd }, () => openRawConnection(server.port)),
    );
    for (const [at, connection] of silent.entries()) {
      if (at % 2 === 0) connection.send('GET /v2/ HTTP/1.1\r\nHost: a\r\nX-');
    }
    const connection = await openRawConnection(server.port);
    connection.send(requestHead('GET', blobPath(stage.large.digest), { connection: 'close' }));
    assert.deepEqual((await answered(connection)).body, blobBytes(stage.large));
    assert.ok(server.connections.size >= crowd, 'they were ended before their time');
    for (const { ended } of silent) await ended;
    await eventually('no connection is left', () => server.connections.size === 0);
    await eventually('no descriptor is left', () => descriptorCount() <= before + 1);
  },
);

function limitsOfProcess(): Promise<string> {
  return readFile('/proc/self/limits', 'utf8');
}

/** Thirty ranges that lie anywhere in the blob and overlap. */
function thirtyRanges(size: number): ReadonlyArray<readonly [first: number, last: number]> {
  const dice = new Dice(30);
  return Array.from({ length: 30 }, () => {
    const first = dice.below(size);
    return [first, first + dice.below(size - first)] as const;
  });
}

for (const state of ['cold', 'warm'] as const) {
  test(`thirty ranges of a ${state} blob in flight are right, and cost one request upstream at most`, async (t) => {
    const stage = await startStage(t);
    const { hub, large, hold } = stage;
    if (state === 'warm') await hold(large);
    hub.forget();
    const bytes = blobBytes(large);
    const ranges = thirtyRanges(large.size);
    const asked = ranges.map(([first, last]) => requestLarge(t, stage, `bytes=${first}-${last}`));
    for (const [at, [first, last]] of ranges.entries()) {
      const { status, headers, body } = await answered(await (asked[at] ?? assert.fail()));
      assert.equal(status, 206);
      assert.equal(headers['content-range'], `bytes ${first}-${last}/${large.size}`);
      assert.ok(body.equals(bytes.subarray(first, last + 1)), `other bytes in ${first}-${last}`);
    }
    assert.equal(hub.count({ operation: 'cdn_get' }), state === 'warm' ? 0 : 1);
  });
}

test('thirty ranges of a cold blob on one connection are answered in their order', async (t) => {
  const stage = await startStage(t);
  const { hub, mirror, large } = stage;
  const ranges = thirtyRanges(large.size);
  const connection = await openRawConnection(mirror.port);
  t.after(() => connection.destroy());
  const asks = ranges.map(([first, last]) =>
    requestHead('GET', blobPath(large.digest), { range: `bytes=${first}-${last}` }),
  );
  connection.send(asks.join('') + requestHead('GET', '/v2/', { connection: 'close' }));
  assert.equal(await connection.ended, 'fin');
  const bytes = blobBytes(large);
  const answers = readAnswers(connection.received(), []);
  assert.equal(answers.length, ranges.length + 1);
  for (const [at, [first, last]] of ranges.entries()) {
    assert.ok(answers[at]?.body.equals(bytes.subarray(first, last + 1)), `other bytes at ${at}`);
  }
  assert.equal(hub.count({ operation: 'cdn_get' }), 1);
});

describe('a client that asks again at once, fifty times', () => {
  test('for a blob that the upstream fails to give makes it ask only a few times', async (t) => {
    const { hub, large, ask } = await startStage(t, { monotonicNow: manualClock() });
    hub.fault({ at: 'blob_redirect', status: 503 });
    for (let round = 0; round < 50; round += 1) {
      assert.equal((await ask('GET', blobPath(large.digest))).status, 503);
    }
    assert.ok(
      hub.count({ operation: 'blob_get' }) <= 10,
      `${hub.count({ operation: 'blob_get' })}`,
    );
  });

  test('for a tag that can’t be checked makes it ask only a few times', async (t) => {
    const clock = manualClock();
    const { hub, image, ask, hold } = await startStage(t, { now: clock, monotonicNow: clock });
    await ask('GET', manifestPath('3.20'));
    for (const blob of image.blobs) await hold(blob);
    clock.advance(2 * 3_600_000);
    hub.forget();
    hub.fault({ at: ['token', 'manifest_head'], status: 503 });
    for (let round = 0; round < 50; round += 1) {
      const answer = await ask('GET', manifestPath('3.20'));
      assert.equal(answer.headers['x-cache'], 'stale');
    }
    assert.ok(hub.count() <= 4, `${hub.count()}`);
  });
});

test(
  'a client that sends a thousand requests at once and reads nothing holds one file open',
  { skip: whySkipped },
  async (t) => {
    const { mirror, large, hold } = await startStage(t, { largeSize: 8_000_000 });
    await hold(large);
    const file = new StoreLayout(mirror.directory).blobFile(large.digest);
    const client = await openRawConnection(mirror.port);
    client.socket.pause();
    client.send(`GET ${blobPath(large.digest)} HTTP/1.1\r\nHost: mirror\r\n\r\n`.repeat(1000));
    await eventually('the file is open', () => openDescriptors(file) > 0);
    for (let others = 0; others < 3; others += 1) {
      // When others have been served, all that had come in before was looked at.
      const other = await openRawConnection(mirror.port);
      other.send('GET /v2/ HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n');
      await other.ended;
      assert.equal(openDescriptors(file), 1);
    }
    client.socket.destroy();
    await eventually('the file is closed', () => openDescriptors(file) === 0);
  },
);
