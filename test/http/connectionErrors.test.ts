import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobBytes } from '../support/blobContent.ts';
import { exchangeRaw, openRawConnection } from '../support/rawSocket.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { eventually } from './eventually.ts';
import { blobPath, startStage } from './stage.ts';
import { readAnswer, requestHead } from './wireAnswer.ts';

const tlsClientHello = Buffer.from('16030100c8010000c40303', 'hex');

test('what is no HTTP request is a 400 in the shape of the API, and the end', async (t) => {
  const { mirror } = await startStage(t);
  for (const bytes of [
    'hello\r\n\r\n',
    'get /v2/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /v2/ HTTP/1.2\r\nHost: a\r\n\r\n',
    'GET /v2/ HTTP/9.9\r\nHost: a\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET /v2/ HTTP/1.1\r\nHost: a\r\nno colon here\r\n\r\n',
    'GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n',
    'GET /v2/ HTTP/1.1\nHost: a\n\n',
    Buffer.from([0, 1, 2, 3, 255, 254]),
    tlsClientHello,
  ]) {
    const reply = await exchangeRaw({ port: mirror.port, bytes });
    assertRegistryError(readAnswer(reply.bytes, reply.end), 400, 'REQUEST_INVALID', String(bytes));
    assert.equal(reply.end, 'fin');
  }
});

test('a head that is too long is a 431', async (t) => {
  const { mirror } = await startStage(t);
  for (const bytes of [
    requestHead('GET', '/v2/', { 'x-long': 'x'.repeat(40_000) }),
    requestHead('GET', `/v2/${'x'.repeat(40_000)}`),
    requestHead('GET', `/v2/?ns=${'x'.repeat(40_000)}`),
    requestHead(
      'GET',
      '/v2/',
      Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`x-${i}`, '1'])),
    ),
  ]) {
    const reply = await exchangeRaw({ port: mirror.port, bytes });
    assertRegistryError(readAnswer(reply.bytes, reply.end), 431, 'HEADERS_TOO_LARGE');
  }
});

test('a request that ends half-way is a 400', async (t) => {
  const { mirror } = await startStage(t);
  const connection = await openRawConnection(mirror.port);
  connection.socket.end('GET /v2/ HTTP/1.1\r\nHost: a\r\n');
  const end = await connection.ended;
  assertRegistryError(readAnswer(connection.received(), end), 400, 'REQUEST_INVALID');
});

test('nonsense behind a request never gets into the answer under way', async (t) => {
  const { mirror, large, hold } = await startStage(t, { largeSize: 20_000_000 });
  await hold(large);
  const connection = await openRawConnection(mirror.port);
  connection.socket.pause();
  connection.send(requestHead('GET', blobPath(large.digest)));
  await eventually('the answer has begun', () => connection.socket.bytesRead > 0);
  connection.send('\0\0 nonsense\r\n\r\n');
  await eventually('it is over', () => mirror.finished.length === 2);
  connection.socket.resume();
  const end = await connection.ended;
  const { status, body } = readAnswer(connection.received(), end);
  assert.equal(end, 'fin');
  assert.equal(status, 200);
  assert.ok(body.length < large.size);
  assert.ok(body.equals(blobBytes(large).subarray(0, body.length)));
});

test('nonsense behind a request is not answered in its place', async (t) => {
  const { hub, mirror, large } = await startStage(t);
  const held = hub.fault({ at: 'blob_redirect', delayHeaders: 'hold' });
  const connection = await openRawConnection(mirror.port);
  connection.send(requestHead('GET', blobPath(large.digest)));
  await hub.waitFor({ operation: 'blob_get' });
  connection.send('\0\0 nonsense\r\n\r\n');
  assert.equal(await connection.ended, 'fin');
  assert.equal(connection.received().length, 0);
  held.release();
});

test('nonsense after an answer is a 400 of its own', async (t) => {
  const { mirror } = await startStage(t);
  const connection = await openRawConnection(mirror.port);
  connection.send(requestHead('GET', '/v2/'));
  const first = await connection.until('{}');
  connection.send('\0\0 nonsense\r\n\r\n');
  const end = await connection.ended;
  const second = readAnswer(connection.received().subarray(first.length), end);
  assertRegistryError(second, 400, 'REQUEST_INVALID');
});

test('a client that resets its connection is nobody’s error', async (t) => {
  const { mirror, ask } = await startStage(t);
  for (const bytes of ['', 'GET /v2/ HT', requestHead('GET', '/v2/')]) {
    const connection = await openRawConnection(mirror.port);
    connection.send(bytes);
    connection.socket.resetAndDestroy();
  }
  assert.equal((await ask('GET', '/v2/')).status, 200);
});
