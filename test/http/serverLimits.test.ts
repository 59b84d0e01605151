import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistryServer } from '../../src/http/registryServer.ts';
import { serverLimits } from '../../src/http/serverLimits.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { admissionTo } from '../support/testMirror.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { eventually } from './eventually.ts';
import { serveWith } from './secondServer.ts';
import { blobPath, startStage } from './stage.ts';
import { readAnswer, requestHead } from './wireAnswer.ts';

const impatient = { headersTimeout: 100, requestTimeout: 100, checkInterval: 20 };

test('the server has the limits that are set on purpose', async (t) => {
  const { mirror } = await startStage(t);
  const { server } = createRegistryServer({
    mirror: mirror.mirror,
    admission: admissionTo(mirror.mirror),
    observer: { finished: () => {} },
    monotonicNow: () => 0,
  });
  assert.equal(server.headersTimeout, 15_000);
  assert.equal(server.requestTimeout, 30_000);
  assert.equal(server.keepAliveTimeout, 75_000);
  assert.equal(server.timeout, 300_000);
  assert.equal(serverLimits.maxHeaderSize, 32_768);
  assert.ok(serverLimits.checkInterval <= serverLimits.headersTimeout);
});

test('a half-sent request is a 408 when its time is over', async (t) => {
  const { port } = await serveWith(t, await startStage(t), impatient);
  for (const bytes of ['G', 'GET /v2/ HTTP/1.1\r\n', 'GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Half:']) {
    const connection = await openRawConnection(port);
    connection.send(bytes);
    const end = await connection.ended;
    assertRegistryError(readAnswer(connection.received(), end), 408, 'REQUEST_TIMEOUT', bytes);
  }
});

test('a connection on which nothing is asked is closed without a word', async (t) => {
  const { port } = await serveWith(t, await startStage(t), impatient);
  const connection = await openRawConnection(port);
  assert.equal(await connection.ended, 'fin');
  const received = connection.received().toString('latin1');
  assert.ok(received === '' || received.startsWith('HTTP/1.1 408'), received);
});

test('a connection is kept for the next request for so long and no longer', async (t) => {
  const { port } = await serveWith(t, await startStage(t), { keepAliveTimeout: 1 });
  const connection = await openRawConnection(port);
  connection.send(requestHead('GET', '/v2/'));
  await connection.until('{}');
  connection.send(requestHead('GET', '/v2/'));
  assert.equal(await connection.ended, 'fin');
  assert.equal(connection.received().toString('latin1').split('{}').length, 3);
});

test('a client that takes no byte for too long is cut off', async (t) => {
  const stage = await startStage(t, { largeSize: 20_000_000 });
  await stage.hold(stage.large);
  const { port, finished } = await serveWith(t, stage, { idleTimeout: 100 });
  const connection = await openRawConnection(port);
  t.after(() => connection.destroy());
  connection.socket.pause();
  connection.send(requestHead('GET', blobPath(stage.large.digest)));
  await eventually('it is given up', () => finished.length === 1);
  assert.equal(finished[0]?.aborted, true);
  assert.ok((finished[0]?.bytesSent ?? 0) < stage.large.size);
});

test('a head may be as long as the limit and no longer', async (t) => {
  const { port } = await serveWith(t, await startStage(t), { maxHeaderSize: 4096 });
  for (const [length, status] of [
    [3000, 200],
    [5000, 431],
  ] as const) {
    const connection = await openRawConnection(port);
    const headers = { authorization: `Bearer ${'x'.repeat(length)}`, connection: 'close' };
    connection.send(requestHead('GET', '/v2/', headers));
    const end = await connection.ended;
    assert.equal(readAnswer(connection.received(), end).status, status);
  }
});
