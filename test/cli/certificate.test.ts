import assert from 'node:assert/strict';
import { appendFile, copyFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCertificate, renewCertificate } from '../../src/cli/certificate.ts';
import { createLogger } from '../../src/ops/logger.ts';
import { certificatePair, certificatePath } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

/** The files of a certificate, and the renewal of a server that has it. */
async function startRenewal(t: Lifetime) {
  const directory = await temporaryDirectory(t);
  const tls = { certificateFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  const put = async (name: string, key = name): Promise<void> => {
    await copyFile(certificatePath(`${name}.crt`), tls.certificateFile);
    await copyFile(certificatePath(`${key}.key`), tls.keyFile);
  };
  await put('first');
  const pair = await readCertificate(tls);
  assert.ok(pair);
  const used: unknown[] = [];
  const server = createServer();
  server.setSecureContext = ({ cert }) => void used.push(cert);
  const logger = createLogger({ level: 'silent', format: 'json' });
  return { put, used, tls, renewal: renewCertificate(server, pair, tls, logger) };
}

test('without the settings there is no certificate', async () => {
  const none = { certificateFile: undefined, keyFile: undefined };
  assert.equal(await readCertificate(none), undefined);
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

test('what is wrong with a file is said with its setting and its path', async (t) => {
  const { put, tls } = await startRenewal(t);
  await put('first', 'encrypted');
  await assert.rejects(readCertificate(tls), ({ message }: Error) => {
    assert.match(message, /^tls\.keyFile \(\S+tls\.key\): expected a private key in PEM form/);
    return true;
  });
});
