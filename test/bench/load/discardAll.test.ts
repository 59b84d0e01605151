import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { discardAll } from './discardAll.ts';

const body = Buffer.alloc(100_000, 'x');

test('each connection downloads as often as it is told, and every byte is counted', async (t) => {
  const url = await serve(t, (_request, response) => response.end(body));
  const order = { url, connections: 3, bytes: body.length, until: { times: 2 } };
  const discarded = await discardAll(order);
  assert.equal(discarded.bytes, 6 * body.length);
  assert.equal(discarded.doneSeconds.length, 3);
  assert.ok(discarded.firstByteSeconds.every((seconds) => seconds > 0));
});

test('a download that goes on for a time ends, with more than one body', async (t) => {
  const url = await serve(t, (_request, response) => response.end(body));
  const order = { url, connections: 1, bytes: body.length, until: { seconds: 0.05 } };
  const discarded = await discardAll(order);
  assert.ok(discarded.bytes > body.length);
});

test('a body that ends short is an error', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': body.length }).write(body.subarray(1));
    response.socket?.end();
  });
  const order = { url, connections: 1, bytes: body.length, until: { times: 1 } };
  await assert.rejects(discardAll(order), /ended after \d+ bytes/);
});

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`;
}
