import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { certificatePath } from '../support/certificates.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { fileWith, loadFrom, problemsFrom } from './loadFrom.ts';

function withFiles(certificateFile: string | undefined, keyFile?: string): NodeJS.ProcessEnv {
  return {
    ...(certificateFile === undefined ? {} : { PULLTHROUGH_TLS_CERTIFICATE_FILE: certificateFile }),
    ...(keyFile === undefined ? {} : { PULLTHROUGH_TLS_KEY_FILE: keyFile }),
  };
}

/** The problems of two files, each without what stands for the file. */
function problemsOf(certificateFile: string | undefined, keyFile?: string): readonly string[] {
  return problemsFrom({ environment: withFiles(certificateFile, keyFile) }).map((line) =>
    line.replace(/^PULLTHROUGH_TLS_(CERTIFICATE|KEY)_FILE: /, '').replace(/, got "\S+"$/, ''),
  );
}

const certificateExpected =
  "tls.certificateFile: expected certificates in PEM form (BEGIN CERTIFICATE), the server's own first and then those that lead to its issuer";
const keyExpected = 'tls.keyFile: expected a private key in PEM form (BEGIN PRIVATE KEY)';
const [certificate, key] = [certificatePath('first.crt'), certificatePath('first.key')];

describe('the files of TLS', () => {
  test('are in the configuration when they fit together', () => {
    const { tls } = loadFrom({ environment: withFiles(certificate, key) }).configuration;
    assert.deepEqual(tls, { certificateFile: certificate, keyFile: key });
  });

  test('may hold more than the certificate: what leads to its issuer, and text between', async (t) => {
    const [own, other] = await Promise.all(
      [certificate, certificatePath('second.crt')].map((path) => readFile(path, 'utf8')),
    );
    const chain = await fileWith(t, `subject: first\n${own}\nsubject: second\n${other}`);
    assert.deepEqual(problemsOf(chain, key), []);
  });

  test('are both there, or neither', () => {
    const missing = 'expected both certificateFile and keyFile, or neither, but it is missing';
    assert.match(problemsOf(certificate).join('\n'), new RegExp(`tls\\.keyFile: ${missing}$`));
    assert.match(
      problemsOf(undefined, key).join('\n'),
      new RegExp(`tls\\.certificateFile: ${missing}$`),
    );
  });

  test('that can’t be read are a problem each, with setting, path and reason', () => {
    assert.deepEqual(problemsFrom({ environment: withFiles('/nonexistent', '/') }), [
      'PULLTHROUGH_TLS_CERTIFICATE_FILE: tls.certificateFile: expected a file that can be read: no such file, got "/nonexistent"',
      'PULLTHROUGH_TLS_KEY_FILE: tls.keyFile: expected a file that can be read: it is a directory, got "/"',
    ]);
  });

  test('that are swapped are both a problem', () => {
    assert.deepEqual(problemsOf(key, certificate), [certificateExpected, keyExpected]);
  });

  test('hold PEM, and no certificate that was cut', async (t) => {
    const text = await readFile(certificate, 'utf8');
    const directory = await temporaryDirectory(t);
    for (const content of ['', 'x', text.slice(0, 300), text.replace(/\n.{8}/, '\n')]) {
      const path = join(directory, 'cut.crt');
      await writeFile(path, content);
      assert.deepEqual(problemsOf(path, key), [certificateExpected], content);
    }
    const cut = await fileWith(t, (await readFile(key, 'utf8')).replace(/\n.{8}/, '\n'));
    assert.deepEqual(problemsOf(certificate, cut), [keyExpected]);
  });

  test('belong together', () => {
    assert.deepEqual(problemsOf(certificate, certificatePath('second.key')), [
      "tls.keyFile: expected the key of the first certificate in certificateFile, the server's",
    ]);
  });

  test('have a key that needs no passphrase, which nobody could type in', () => {
    assert.deepEqual(problemsOf(certificate, certificatePath('encrypted.key')), [
      `${keyExpected} without a passphrase; "openssl pkey -in OLD -out NEW" takes it off`,
    ]);
  });

  test('are what OpenSSL takes for safe', () => {
    assert.deepEqual(problemsOf(certificatePath('short.crt'), certificatePath('short.key')), [
      `${certificateExpected}: ee key too small`,
    ]);
  });
});

function withCa(file: string): NodeJS.ProcessEnv {
  return { ...withFiles(certificate, key), PULLTHROUGH_TLS_CLIENT_CA_FILE: file };
}

describe('the file of those who issue certificates to clients', () => {
  const problem = 'PULLTHROUGH_TLS_CLIENT_CA_FILE: tls.clientCaFile: expected';
  const pem = `${problem} certificates of authorities in PEM form (BEGIN CERTIFICATE), those that issue to clients and their roots`;

  test('may hold several', async (t) => {
    const texts = [certificate, certificatePath('second.crt')].map((path) =>
      readFile(path, 'utf8'),
    );
    const file = await fileWith(t, (await Promise.all(texts)).join('\n'));
    assert.equal(loadFrom({ environment: withCa(file) }).configuration.tls.clientCaFile, file);
  });

  test('holds one at least, and none that was cut', async (t) => {
    const text = await readFile(certificate, 'utf8');
    for (const content of ['', text.slice(0, 300), `${text}${text.replace(/\n.{8}/, '\n')}`]) {
      const file = await fileWith(t, content);
      assert.deepEqual(problemsFrom({ environment: withCa(file) }), [`${pem}, got "${file}"`]);
    }
    assert.deepEqual(problemsFrom({ environment: withCa(key) }), [`${pem}, got "${key}"`]);
  });

  test('leads to a root, without which OpenSSL would accept no client', () => {
    const file = certificatePath('clients/alice.crt');
    assert.deepEqual(problemsFrom({ environment: withCa(file) }), [
      `${pem}: no root (issued by itself) is among them, got "${file}"`,
    ]);
    assert.deepEqual(
      problemsFrom({ environment: withCa(certificatePath('clients/staff.crt')) }),
      [],
    );
  });

  test('that can’t be read is a problem, beside those of the others', () => {
    const environment = { ...withCa('/nonexistent'), PULLTHROUGH_TLS_KEY_FILE: '/' };
    assert.deepEqual(problemsFrom({ environment }), [
      `${problem} a file that can be read: no such file, got "/nonexistent"`,
      'PULLTHROUGH_TLS_KEY_FILE: tls.keyFile: expected a file that can be read: it is a directory, got "/"',
    ]);
  });

  test('needs a certificate and a key of the server', () => {
    const environment = { PULLTHROUGH_TLS_CLIENT_CA_FILE: certificate };
    assert.deepEqual(problemsFrom({ environment }), [
      `${problem} certificateFile and keyFile beside it, got "${certificate}"`,
    ]);
  });
});

describe('the files of TLS for the ops endpoints', () => {
  test('are both there, or neither', () => {
    const environment = { PULLTHROUGH_OPS_TLS_KEY_FILE: key };
    assert.deepEqual(problemsFrom({ environment }), [
      'default: ops.tls.certificateFile: expected both certificateFile and keyFile, or neither, but it is missing',
    ]);
  });

  test('belong together', () => {
    const environment = {
      PULLTHROUGH_OPS_TLS_CERTIFICATE_FILE: certificate,
      PULLTHROUGH_OPS_TLS_KEY_FILE: certificatePath('second.key'),
    };
    assert.deepEqual(problemsFrom({ environment }), [
      `PULLTHROUGH_OPS_TLS_KEY_FILE: ops.tls.keyFile: expected the key of the first certificate in certificateFile, the server's, got "${certificatePath('second.key')}"`,
    ]);
  });
});
