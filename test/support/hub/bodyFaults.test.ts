import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { blobBytes, generatedBlob } from '../blobContent.ts';
import { buildImage } from '../images.ts';
import { exchangeRaw, openRawConnection } from '../rawSocket.ts';
import type { Fault } from './faults.ts';
import { startHub } from './scriptedHub.ts';
import { entityTag } from './serveBlob.ts';

const layer = generatedBlob({ size: 1000, seed: 'body faults' });
const bytes = blobBytes(layer);

/** An open registry that serves the layer itself, so that one raw request meets the fault. */
async function faultyHub(t: TestContext, fault: Omit<Fault, 'at'>) {
  const hub = await startHub(t, { auth: 'none', blobs: 'inline' });
  hub.addImage('library/alpine', buildImage({ layers: [layer] }));
  const handle = hub.fault({ at: 'blob_body', ...fault });
  const port = Number(new URL(hub.registryUrl).port);
  const request = (headers = '') =>
    `GET /v2/library/alpine/blobs/${layer.digest} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n${headers}\r\n`;
  const exchange = async (headers = '') => {
    const reply = await exchangeRaw({ port, bytes: request(headers) });
    const bodyAt = reply.bytes.indexOf('\r\n\r\n') + 4;
    const head = reply.bytes.subarray(0, bodyAt).toString();
    return { head, body: reply.bytes.subarray(bodyAt), end: reply.end };
  };
  return { hub, handle, port, request, exchange };
}

test('a cut body ends with FIN after so many bytes, short of what was promised', async (t) => {
  const { hub, exchange } = await faultyHub(t, { cutAfter: 300 });
  const { head, body, end } = await exchange();
  assert.match(head, /content-length: 1000\r\n/);
  assert.deepEqual(body, bytes.subarray(0, 300));
  assert.equal(end, 'fin');
  const [cut] = await hub.waitFor({ outcome: 'aborted' });
  assert.equal(cut?.bytesSent, 300);
});

test('a body can be cut before its first byte, after the headers', async (t) => {
  const { exchange } = await faultyHub(t, { cutAfter: 0 });
  const { head, body, end } = await exchange();
  assert.match(head, /^HTTP\/1.1 200 OK\r\n/);
  assert.equal(body.length, 0);
  assert.equal(end, 'fin');
});

test('a reset body ends with RST', async (t) => {
  const { exchange } = await faultyHub(t, { resetAfter: 300 });
  const { body, end } = await exchange();
  assert.ok(body.length <= 300);
  assert.equal(end, 'reset');
});

test('a stalled body goes on when the fault is released', async (t) => {
  const { hub, handle, port, request } = await faultyHub(t, { stallAfter: 300 });
  const connection = await openRawConnection(port);
  connection.send(request());
  await connection.until(bytes.subarray(290, 300).toString('latin1'));
  assert.equal(hub.count({ outcome: 'open' }), 1);
  handle.release();
  await connection.ended;
  assert.deepEqual(connection.received().subarray(-1000), bytes);
});

test('a slow body arrives whole, in pieces that are small', async (t) => {
  const { hub, port, request } = await faultyHub(t, { slow: { bytesPerSecond: 10_000 } });
  const connection = await openRawConnection(port);
  connection.send(request());
  const [begun] = await hub.waitFor(({ bytesSent }) => bytesSent > 0);
  assert.equal(begun?.bytesSent, 500);
  await connection.ended;
  assert.deepEqual(connection.received().subarray(-1000), bytes);
});

test('a Content-Length that is too great is followed by the whole body and the end', async (t) => {
  const { hub, exchange } = await faultyHub(t, { wrongLength: 5 });
  const { head, body, end } = await exchange();
  assert.match(head, /content-length: 1005\r\n/);
  assert.deepEqual(body, bytes);
  assert.equal(end, 'fin');
  await hub.idle();
  assert.equal(hub.requests[0]?.outcome, 'aborted');
});

test('a Content-Length that is too small is followed by no more than it says', async (t) => {
  const { exchange } = await faultyHub(t, { wrongLength: -5 });
  const { head, body } = await exchange();
  assert.match(head, /content-length: 995\r\n/);
  assert.deepEqual(body, bytes.subarray(0, 995));
});

test('one byte of the blob is wrong, in a range as in the whole', async (t) => {
  const { exchange } = await faultyHub(t, { wrongByteAt: 700 });
  const spoiled = Buffer.from(bytes);
  spoiled[700] = 255 - bytes.readUInt8(700);
  assert.deepEqual((await exchange()).body, spoiled);
  const { body } = await exchange('Range: bytes=600-799\r\n');
  assert.deepEqual(body, spoiled.subarray(600, 800));
  assert.deepEqual((await exchange('Range: bytes=0-9\r\n')).body, bytes.subarray(0, 10));
});

test('a range can be ignored', async (t) => {
  const { exchange } = await faultyHub(t, { ignoreRange: true });
  const { head, body } = await exchange('Range: bytes=600-\r\n');
  assert.match(head, /^HTTP\/1.1 200 OK\r\n/);
  assert.deepEqual(body, bytes);
});

test('a changed entity has another ETag and other bytes, and fails what the old one was a condition for', async (t) => {
  const { exchange } = await faultyHub(t, { changedEntity: true });
  const { head, body } = await exchange('Range: bytes=600-\r\n');
  assert.match(head, /^HTTP\/1.1 206 /);
  assert.match(head, /etag: "another-entity"\r\n/);
  assert.deepEqual(body, Buffer.from(bytes.subarray(600).map((byte) => ~byte)));
  const oldTag = entityTag(layer);
  const conditional = await exchange(`Range: bytes=600-\r\nIf-Range: ${oldTag}\r\n`);
  assert.match(conditional.head, /^HTTP\/1.1 200 /);
  assert.equal(conditional.body.length, 1000);
  assert.match((await exchange(`If-Match: ${oldTag}\r\n`)).head, /^HTTP\/1.1 412 /);
});

test('effects of one fault work together', async (t) => {
  const { exchange } = await faultyHub(t, { wrongByteAt: 1, cutAfter: 3 });
  const { body } = await exchange();
  assert.equal(body.length, 3);
  assert.notEqual(body[1], bytes[1]);
});
