import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlainly } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { ServerLimits } from '../../src/http/serverLimits.ts';
import { useCertificate } from '../../src/http/tlsServer.ts';
import { blobBytes } from '../support/blobContent.ts';
import { certificatePair } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { exchangeRaw } from '../support/rawSocket.ts';
import { serveWith } from './secondServer.ts';
import { blobPath, startStage } from './stage.ts';
import { readAnswer, requestHead } from './wireAnswer.ts';

const [first, second] = [certificatePair('first'), certificatePair('second')];

async function startTls(t: Lifetime, largeSize?: number, limits: Partial<ServerLimits> = {}) {
  const stage = await startStage(t, largeSize === undefined ? {} : { largeSize });
  return { ...stage, ...(await serveWith(t, stage, limits, { tls: first })) };
}

/** Shakes hands with a server of one of the two certificates; rejects where that fails. */
async function shakeHands(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const ca = [first.certificate, second.certificate];
  const socket = connect({ port, host: '127.0.0.1', ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

function subjectOf(socket: TLSSocket): unknown {
  return socket.getPeerCertificate().subject.CN;
}

const lastRequest = (path: string): string => requestHead('GET', path, { connection: 'close' });

async function readAll(socket: TLSSocket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

test('a blob is served over TLS from the disk and from memory, whole and byte for byte', async (t) => {
  const { port, large, small, hold } = await startTls(t);
  for (const blob of [large, small]) {
    await hold(blob);
    const socket = await shakeHands(port);
    socket.write(lastRequest(blobPath(blob.digest)));
    const answer = readAnswer(await readAll(socket), 'fin');
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, blobBytes(blob));
  }
});

test('TLS 1.2 and 1.3 are spoken, and nothing older', async (t) => {
  const { port } = await startTls(t);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await shakeHands(port, { minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
  }
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  await assert.rejects(shakeHands(port, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
});

test('a client cannot shake hands again, as another one', async (t) => {
  const { port } = await startTls(t);
  const socket = await shakeHands(port, { maxVersion: 'TLSv1.2' });
  const { promise, resolve } = Promise.withResolvers<Error | null>();
  socket.on('error', resolve);
  socket.renegotiate({}, resolve);
  assert.match(String(await promise), /no_renegotiation|no renegotiation/i);
  socket.destroy();
});

test('SSL 3.0 is refused', async (t) => {
  const { port } = await startTls(t);
  // A ClientHello (RFC 6101 §5.6.1.2) of version 3.0: 32 random bytes, no session, three of its cipher suites
  // and no compression, 45 bytes behind the heads of the record and of the message.
  const hello = `0300${'00'.repeat(32)}000006002f000a00350100`;
  const { bytes } = await exchangeRaw({
    port,
    bytes: Buffer.from(`16030000310100002d${hello}`, 'hex'),
  });
  // One record and no more: an alert (21) of two bytes, the first of which says that it is fatal (2).
  assert.deepEqual([bytes.length, bytes[0], bytes[5]], [7, 21, 2]);
});

test('a client that offers HTTP/2 gets HTTP/1.1, and one that offers nothing else is refused', async (t) => {
  const { port } = await startTls(t);
  const socket = await shakeHands(port, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.destroy();
  await assert.rejects(shakeHands(port, { ALPNProtocols: ['h2'] }), {
    code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  });
});

test('a client that speaks plain HTTP is cut off, and the next one served', async (t) => {
  const { port } = await startTls(t);
  const { bytes } = await exchangeRaw({ port, bytes: lastRequest('/v2/') });
  assert.doesNotMatch(bytes.toString('latin1'), /HTTP/);
  const socket = await shakeHands(port);
  socket.write(lastRequest('/v2/'));
  assert.match(await text(socket), /^HTTP\/1\.1 200 OK/);
});

for (const [said, bytes] of [
  ['nothing', ''],
  ['half of a handshake', '\x16\x03\x01\x00\xc8\x01\x00'],
] as const) {
  test(`a client that says ${said} is cut off when its time is over`, async (t) => {
    const { port } = await startTls(t, undefined, { headersTimeout: 50 });
    const socket = connectPlainly(port, '127.0.0.1').resume();
    try {
      socket.write(bytes, 'latin1');
      await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
    } finally {
      socket.destroy();
    }
  });
}

test('a certificate that is replaced during a download breaks nothing, and the next client gets the new one', async (t) => {
  // More than the socket's buffers of both sides hold.
  const { port, server, large, hold } = await startTls(t, 32_000_000);
  await hold(large);
  const downloading = await shakeHands(port);
  downloading.write(lastRequest(blobPath(large.digest)));
  await once(downloading, 'readable');
  useCertificate(server, second);
  const next = await shakeHands(port);
  assert.equal(subjectOf(next), 'second');
  next.destroy();
  assert.equal(subjectOf(downloading), 'first');
  const answer = readAnswer(await readAll(downloading), 'fin');
  assert.ok(answer.body.equals(blobBytes(large)));
});

test('what is kept alive under the old certificate goes on, and the new one keeps to TLS 1.2 and later', async (t) => {
  const { port, server } = await startTls(t);
  const old = await shakeHands(port);
  useCertificate(server, second);
  old.write(lastRequest('/v2/'));
  assert.match(await text(old), /^HTTP\/1\.1 200 OK/);
  const older = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  await assert.rejects(shakeHands(port, older), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
});
