import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFile, copyFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { Agent, request } from 'undici';
import { readCertificate, renewCertificate } from '../../src/cli/certificate.ts';
import { certificateOf } from '../../src/http/clientCertificate.ts';
import { tlsServerOptions } from '../../src/http/tlsServer.ts';
import { createLogger } from '../../src/ops/logger.ts';
import { serveWith } from '../http/secondServer.ts';
import { blobPath, startStage } from '../http/stage.ts';
import { readAnswer, requestHead } from '../http/wireAnswer.ts';
import { blobBytes } from '../support/blobContent.ts';
import {
  certificatePair,
  certificatePath,
  clientAuthorities,
  clientCertificate,
} from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

/** The files of a certificate, which others can be put in the place of. */
async function putFiles(t: Lifetime) {
  const directory = await temporaryDirectory(t);
  const tls = { certificateFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  const put = async (name: string, key = name): Promise<void> => {
    await copyFile(certificatePath(`${name}.crt`), tls.certificateFile);
    await copyFile(certificatePath(`${key}.key`), tls.keyFile);
  };
  await put('first');
  const pair = await readCertificate(tls, 'tls');
  assert.ok(pair);
  return { put, pair, tls };
}

/** The files of a certificate, and the renewal of a server that has it. */
async function startRenewal(t: Lifetime) {
  const { put, pair, tls } = await putFiles(t);
  const used: unknown[] = [];
  const server = createServer();
  server.setSecureContext = ({ cert }) => void used.push(cert);
  const logger = createLogger({ level: 'silent', format: 'json' });
  return { put, used, tls, renewal: renewCertificate(server, pair, tls, 'tls', logger) };
}

const foreign = 'none of the authorities that are accepted here has issued it';

/** A server whose clients may show what the authorities in a file have issued, and its renewal. */
async function startForClients(t: Lifetime) {
  const directory = await temporaryDirectory(t);
  const clientCaFile = join(directory, 'ca.crt');
  const accept = (...names: readonly ('staff' | 'guests')[]) =>
    writeFile(clientCaFile, clientAuthorities(...names));
  await accept('staff', 'guests');
  const [certificateFile, keyFile] = [certificatePath('first.crt'), certificatePath('first.key')];
  const tls = { certificateFile, keyFile, clientCaFile };
  const pair = await readCertificate(tls, 'tls');
  assert.ok(pair);
  const server = createServer(tlsServerOptions(pair), ({ socket }, response) =>
    response.end(JSON.stringify(certificateOf(socket))),
  );
  const logger = createLogger({ level: 'silent', format: 'json' });
  const renewal = renewCertificate(server, pair, tls, 'tls', logger);
  t.after(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  /** A client that asks who it is, again and again over one connection. */
  const clientOf = (name: string) => {
    const agent = new Agent({ connect: { ca: pair.certificate, ...clientCertificate(name) } });
    t.after(() => agent.close());
    return async (): Promise<unknown> => {
      const { body } = await request(`https://127.0.0.1:${port}`, { dispatcher: agent });
      return body.json();
    };
  };
  return { tls, accept, renewal, clientOf };
}

test('without the settings there is no certificate', async () => {
  const none = { certificateFile: undefined, keyFile: undefined };
  assert.equal(await readCertificate(none, 'tls'), undefined);
});

test('files that change are checked, and taken into use when they fit together', async (t) => {
  const { put, used, renewal } = await startRenewal(t);
  await renewal.look();
  await put('second', 'first');
  await renewal.look();
  assert.deepEqual(used, []);
  await put('second');
  await renewal.look();
  assert.deepEqual(used, [certificatePair('second').certificate]);
});

test('a certificate that changed counts even where the key stayed', async (t) => {
  const { used, tls, renewal } = await startRenewal(t);
  const issuer = certificatePair('second').certificate;
  await appendFile(tls.certificateFile, issuer);
  await renewal.look();
  assert.deepEqual(used, [Buffer.concat([certificatePair('first').certificate, issuer])]);
});

test('a renewal during a download leaves that whole, and the next client gets the new certificate', async (t) => {
  const { put, pair, tls } = await putFiles(t);
  // More than the socket's buffers of both sides hold.
  const stage = await startStage(t, { largeSize: 32_000_000 });
  await stage.hold(stage.large);
  const { server, port } = await serveWith(t, stage, {}, { tls: pair });
  const logger = createLogger({ level: 'silent', format: 'json' });
  const renewal = renewCertificate(server, pair, tls, 'tls', logger);
  const ca = [pair.certificate, certificatePair('second').certificate];
  const open = async (): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', ca });
    await once(socket, 'secureConnect');
    return socket;
  };
  const slow = await open();
  slow.write(requestHead('GET', blobPath(stage.large.digest), { connection: 'close' }));
  await once(slow, 'readable');
  await put('second');
  await renewal.look();
  const next = await open();
  assert.equal(next.getPeerCertificate().subject.CN, 'second');
  next.destroy();
  assert.equal(slow.getPeerCertificate().subject.CN, 'first');
  const answer = readAnswer(await buffer(slow), 'fin');
  assert.ok(answer.body.equals(blobBytes(stage.large)));
});

test('authorities for clients that change count from then on, for open connections too', async (t) => {
  const { accept, renewal, clientOf } = await startForClients(t);
  const asBob = clientOf('bob');
  assert.deepEqual(await asBob(), { kind: 'user', name: 'bob' });
  await accept('staff');
  await renewal.look();
  assert.deepEqual(await asBob(), { kind: 'refused', reason: foreign });
  assert.deepEqual(await clientOf('bob')(), { kind: 'refused', reason: foreign });
  assert.deepEqual(await clientOf('alice')(), { kind: 'user', name: 'alice' });
  await accept('guests');
  await renewal.look();
  assert.deepEqual(await clientOf('bob')(), { kind: 'user', name: 'bob' });
});

test('authorities for clients that can’t be used leave in use what was', async (t) => {
  const { accept, renewal, tls, clientOf } = await startForClients(t);
  await accept();
  await renewal.look();
  assert.deepEqual(await clientOf('alice')(), { kind: 'user', name: 'alice' });
  await assert.rejects(
    readCertificate(tls, 'tls'),
    /^Error: tls\.clientCaFile \(\S+ca\.crt\): expected /,
  );
});

test('what is wrong with a file is said with its setting and its path', async (t) => {
  const { put, tls } = await startRenewal(t);
  await put('first', 'encrypted');
  await assert.rejects(readCertificate(tls, 'tls'), ({ message }: Error) => {
    assert.match(message, /^tls\.keyFile \(\S+tls\.key\): expected a private key in PEM form/);
    return true;
  });
});
