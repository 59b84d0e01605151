import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { exchangeRaw, openRawConnection } from './rawSocket.ts';

async function portOf(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('an exchange sends the bytes as they are and returns all that comes back', async (t) => {
  const port = await portOf(t, (socket) => socket.once('data', (data) => socket.end(data)));
  const reply = await exchangeRaw({ port, bytes: 'GET /\u00ff\u0000 HTTP/9\r\n' });
  assert.equal(reply.bytes.toString('latin1'), 'GET /\u00ff\u0000 HTTP/9\r\n');
  assert.equal(reply.end, 'fin');
});

test('an exchange tells a reset from an orderly end', async (t) => {
  const port = await portOf(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  assert.equal((await exchangeRaw({ port, bytes: 'x' })).end, 'reset');
});

test('an exchange gives up when the far side stays silent', async (t) => {
  const port = await portOf(t, (socket) => socket.resume());
  assert.equal((await exchangeRaw({ port, bytes: 'x', timeout: 20 })).end, 'timeout');
});

test('a connection can wait for a text, and fails when the end comes first', async (t) => {
  const port = await portOf(t, (socket) => {
    socket.once('data', () => socket.end('one two'));
  });
  const connection = await openRawConnection(port);
  connection.send('x');
  assert.equal((await connection.until('two')).toString(), 'one two');
  await assert.rejects(connection.until('three'), /"three"/);
});
