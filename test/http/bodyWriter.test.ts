import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, test, type TestContext } from 'node:test';
import { writeBody, ClientGoneError, type BodyPart } from '../../src/http/bodyWriter.ts';
import { BodyReads } from '../../src/http/bodyReads.ts';
import type { BlobSource } from '../../src/store/blobSource.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { openDescriptors, whySkipped } from '../store/openDescriptors.ts';
import { blobBytes } from '../support/blobContent.ts';
import { openRawConnection, type RawConnection } from '../support/rawSocket.ts';
import { eventually } from './eventually.ts';
import { seededRandom } from './seededRandom.ts';
import { blobPath, startStage, type Stage } from './stage.ts';
import { readAnswer, requestHead, wireClient, type Ask } from './wireAnswer.ts';

const content = Buffer.from('0123456789');

/** Reads in pieces of four bytes, of which one is kept for its next use. */
function smallReads(): BodyReads {
  return new BodyReads({
    lonePiece: 4,
    few: 4,
    crowdedPiece: 4,
    sharedPiece: 4,
    several: 2,
    many: 100,
    kept: 4,
  });
}

/** A source that gives up to three bytes a read. */
function sourceOf(read: (position: number) => Buffer | Promise<Buffer>): BlobSource {
  return {
    size: undefined,
    read: async (buffer, position) => {
      await setImmediate();
      return (await read(position)).copy(buffer, 0, 0, 3);
    },
    close: async () => {},
  };
}

/** A source, and the memory that it was asked to read into. */
function recorded(source: BlobSource): { source: BlobSource; buffers: Set<ArrayBufferLike> } {
  const buffers = new Set<ArrayBufferLike>();
  const read = async (buffer: Buffer, position: number): Promise<number> => {
    buffers.add(buffer.buffer);
    return source.read(buffer, position);
  };
  return { source: { ...source, read }, buffers };
}

/** The port of a server that lasts as long as the test. */
async function listen(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that answers everything with a part of a source, and how that ended. */
async function serveBody(
  t: TestContext,
  source: BlobSource,
  part: BodyPart,
  reads = smallReads(),
): Promise<{ ask: Ask; port: number; outcome: Promise<unknown>; sent: () => number }> {
  const { promise: outcome, resolve } = Promise.withResolvers<unknown>();
  let sent = 0;
  const port = await listen(t, (_request, response) => {
    response.writeHead(200, part.length === undefined ? {} : { 'content-length': part.length });
    writeBody(response, source, part, reads, (bytes) => {
      sent += bytes;
    }).then(() => resolve('sent'), resolve);
  });
  return { ask: wireClient(port), port, outcome, sent: () => sent };
}

describe('a body', () => {
  test('is read in pieces until the part is complete, and counted', async (t) => {
    const source = sourceOf((position) => content.subarray(position));
    const { ask, outcome, sent } = await serveBody(t, source, { start: 2, length: 7 });
    const answer = await ask('GET', '/');
    assert.equal(answer.body.toString(), '2345678');
    assert.equal(await outcome, 'sent');
    assert.equal(sent(), 7);
  });

  test('of unknown length goes on to the end of the source', async (t) => {
    const source = sourceOf((position) => content.subarray(position));
    const { ask, outcome } = await serveBody(t, source, { start: 5, length: undefined });
    const answer = await ask('GET', '/');
    assert.equal(answer.body.toString(), '3\r\n567\r\n2\r\n89\r\n0\r\n\r\n');
    assert.equal(await outcome, 'sent');
  });

  test('whose source ends too soon, or fails, ends short with FIN', async (t) => {
    const failure = new Error('upstream broke');
    const failing = sourceOf((position) => {
      if (position >= 6) throw failure;
      return content.subarray(position);
    });
    const ending = sourceOf((position) => content.subarray(position, 6));
    for (const [source, message] of [
      [failing, /upstream broke/],
      [ending, /the blob ends 4 bytes short/],
    ] as const) {
      const { ask, outcome, sent } = await serveBody(t, source, { start: 0, length: 10 });
      const answer = await ask('GET', '/');
      assert.equal(answer.end, 'fin');
      assert.equal(answer.headers['content-length'], '10');
      assert.equal(answer.body.toString(), '012345');
      assert.match(String(await outcome), message);
      assert.equal(sent(), 6);
    }
  });

  test('of unknown length whose source fails has no proper end', async (t) => {
    const source = sourceOf((position) => {
      if (position >= 6) throw new Error('upstream broke');
      return content.subarray(position);
    });
    const { ask } = await serveBody(t, source, { start: 0, length: undefined });
    const answer = await ask('GET', '/');
    assert.equal(answer.end, 'fin');
    assert.equal(answer.body.toString(), '3\r\n012\r\n3\r\n345\r\n');
  });

  test('gives its buffer back when it was sent, and not when the client went away', async (t) => {
    const reads = smallReads();
    const whole = recorded(sourceOf((position) => content.subarray(position)));
    const first = await serveBody(t, whole.source, { start: 0, length: 10 }, reads);
    await first.ask('GET', '/');
    assert.equal(await first.outcome, 'sent');
    assert.equal(whole.buffers.size, 1);
    const endless = recorded(sourceOf(() => content));
    const left = await serveBody(t, endless.source, { start: 0, length: undefined }, reads);
    const connection = await openRawConnection(left.port);
    connection.send(requestHead('GET', '/'));
    await connection.until('012');
    assert.deepEqual(endless.buffers, whole.buffers);
    connection.destroy();
    assert.ok((await left.outcome) instanceof ClientGoneError);
    const used = recorded(sourceOf((position) => content.subarray(position)));
    const after = await serveBody(t, used.source, { start: 0, length: 10 }, reads);
    await after.ask('GET', '/');
    assert.ok(used.buffers.isDisjointFrom(endless.buffers));
  });

  test('that fails before its turn in a pipeline ends the connection', async (t) => {
    const failing = sourceOf(() => {
      throw new Error('upstream broke');
    });
    const port = await listen(t, (request, response) => {
      if (request.url === '/first') return;
      response.writeHead(200, { 'content-length': 10 });
      const part = { start: 0, length: 10 };
      writeBody(response, failing, part, smallReads(), () => {}).catch(() => {});
    });
    const connection = await openRawConnection(port);
    t.after(() => connection.destroy());
    connection.send(requestHead('GET', '/first') + requestHead('GET', '/second'));
    assert.equal(await connection.ended, 'fin');
    assert.equal(connection.received().length, 0);
  });

  test(
    'is given up as soon as the client leaves, though its source still waits',
    { timeout: 10_000 },
    async (t) => {
      const source = sourceOf(async (position) => {
        if (position >= 3) await new Promise(() => {});
        return content;
      });
      const { port, outcome } = await serveBody(t, source, { start: 0, length: 10 });
      const connection = await openRawConnection(port);
      connection.send(requestHead('GET', '/'));
      await connection.until('012');
      connection.destroy();
      assert.ok((await outcome) instanceof ClientGoneError);
    },
  );
});

/** Asks for the large blob on a connection that reads nothing before it is told to. */
async function askUnread({ mirror, large }: Stage): Promise<RawConnection> {
  const connection = await openRawConnection(mirror.port);
  connection.socket.pause();
  connection.send(requestHead('GET', blobPath(large.digest), { connection: 'close' }));
  return connection;
}

/** Whether a client has the 1000 bytes that arrived, less the last, which is held back. */
function hasAllButTheLast(client: RawConnection): boolean {
  return readAnswer(client.received(), 'timeout').body.length === 999;
}

describe('clients of one blob', () => {
  test('read at their own pace: one that stops for a while holds up nobody', async (t) => {
    const stage = await startStage(t, { largeSize: 20_000_000 });
    const bytes = blobBytes(stage.large);
    const held = stage.hub.fault({ at: 'blob_body', stallAfter: 10_000_000 });
    const resting = await askUnread(stage);
    const brisk = stage.ask('GET', blobPath(stage.large.digest));
    await stage.hub.waitFor(
      ({ operation, bytesSent }) => operation === 'cdn_get' && bytesSent >= 10_000_000,
    );
    held.release();
    assert.deepEqual((await brisk).body, bytes);
    const later = await stage.ask('GET', blobPath(stage.large.digest));
    assert.deepEqual(later.body, bytes);
    assert.ok(resting.received().length < bytes.length);
    resting.socket.resume();
    const end = await resting.ended;
    assert.deepEqual(readAnswer(resting.received(), end).body, bytes);
    assert.equal(stage.hub.count({ operation: 'cdn_get' }), 1);
  });

  test('that leave at any byte leave nothing open', { skip: whySkipped }, async (t) => {
    const stage = await startStage(t, { largeSize: 5_000_000 });
    const { mirror, large, hold, ask } = stage;
    await hold(large);
    const file = new StoreLayout(mirror.directory).blobFile(large.digest);
    assert.equal(openDescriptors(file), 0);
    const random = seededRandom(7);
    for (let round = 0; round < 200; round += 1) {
      await leaveAt(stage, Math.floor(random() * large.size * 1.1), round % 3);
    }
    await eventually('no client is left', () => mirror.finished.length >= 201);
    await eventually('the file is closed', () => openDescriptors(file) === 0);
    assert.ok(mirror.finished.some(({ aborted }) => aborted));
    assert.deepEqual((await ask('GET', blobPath(large.digest))).body, blobBytes(large));
  });

  test(
    'that leave in the middle of a pipeline leave nothing open',
    { skip: whySkipped },
    async (t) => {
      const stage = await startStage(t);
      const { mirror, large, hold } = stage;
      await hold(large);
      const file = new StoreLayout(mirror.directory).blobFile(large.digest);
      for (let round = 0; round < 5; round += 1) {
        const connection = await openRawConnection(mirror.port);
        connection.send(requestHead('GET', blobPath(large.digest)).repeat(20));
        await connection.until('HTTP/1.1 200');
        connection.destroy();
      }
      await eventually('the file is closed', () => openDescriptors(file) === 0);
      await eventually('all are reported', () => mirror.finished.length > 5);
    },
  );

  test('that leave while the upstream stalls are let go, and the fill goes on', async (t) => {
    const stage = await startStage(t);
    const { hub, mirror, large, ask } = stage;
    const stalled = hub.fault({ at: 'blob_body', stallAfter: 1000 });
    const clients = await Promise.all(Array.from({ length: 5 }, () => askUnread(stage)));
    for (const client of clients) client.socket.resume();
    await eventually('all wait', () => clients.every(hasAllButTheLast));
    assert.equal(mirror.mirror.fills.waiters, 5);
    for (const client of clients) client.destroy();
    await eventually('none is left', () => mirror.mirror.fills.waiters === 0);
    assert.equal(mirror.mirror.fills.count, 1);
    stalled.release();
    assert.deepEqual((await ask('GET', blobPath(large.digest))).body, blobBytes(large));
    assert.equal(hub.count({ operation: 'cdn_get' }), 1);
  });

  test('get a short body with FIN when the upstream breaks for good', async (t) => {
    const stage = await startStage(t);
    const { hub, mirror, large, ask } = stage;
    const cut = hub.fault({ at: 'blob_body', cutAfter: 700_000, times: 1 });
    hub.fault({ at: 'blob_redirect', status: 503, when: () => cut.hits > 0 });
    const answer = await ask('GET', blobPath(large.digest));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-length'], String(large.size));
    assert.equal(answer.end, 'fin');
    assert.ok(answer.body.length > 0 && answer.body.length < large.size);
    assert.deepEqual(answer.body, blobBytes(large).subarray(0, answer.body.length));
    await eventually('it is reported', () => mirror.finished.length === 1);
    assert.equal(mirror.finished[0]?.aborted, true);
    assert.equal(mirror.finished[0]?.bytesSent, answer.body.length);
    assert.ok(mirror.finished[0]?.error instanceof Error);
  });
});

/** Reads so many bytes of the large blob and leaves: by RST, by FIN, or without having read at all. */
async function leaveAt(stage: Stage, bytes: number, manner: number): Promise<void> {
  const connection = await askUnread(stage);
  if (manner === 2) {
    connection.destroy();
    return;
  }
  connection.socket.resume();
  const left = once(connection.socket, 'close');
  let received = 0;
  connection.socket.on('data', (piece: Buffer) => {
    received += piece.length;
    if (received < bytes) return;
    if (manner === 0) connection.socket.resetAndDestroy();
    else connection.destroy();
  });
  await left;
}
