import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { networkReason } from '../../src/cli/networkReason.ts';
import { opsConnector, OpsCertificateError } from '../../src/cli/opsConnector.ts';
import { certificatePair, certificatePath, clientCertificate } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const { certificate: cert, key } = certificatePair('first');
const first = { cert, key };

async function listen(t: Lifetime, server: Server): Promise<number> {
  t.after(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server with this certificate; resolves with its port. */
async function startServer(t: Lifetime, options: { cert: Buffer; key: Buffer }): Promise<number> {
  return listen(
    t,
    createServer(options, (_request, response) => response.end('ok')),
  );
}

/** Asks once, over a connection of its own. */
async function ask(url: string, certificateFile?: string): Promise<string> {
  const agent = new Agent({ connect: opsConnector({ certificateFile, timeout: 10_000 }) });
  try {
    const { body } = await request(url, { dispatcher: agent });
    return await body.text();
  } finally {
    await agent.destroy();
  }
}

const saying = (start: string) => (error: unknown) => networkReason(error).startsWith(start);

describe('the endpoints of the configuration are trusted by its certificate', () => {
  test('whatever names that has, and whoever has issued it', async (t) => {
    const port = await startServer(t, clientCertificate('server'));
    const file = certificatePath('clients/server.crt');
    assert.equal(await ask(`https://127.0.0.1:${port}`, file), 'ok');
    assert.equal(await ask(`https://localhost:${port}`, file), 'ok');
  });

  test('and by no other, be it good for the address or of the same issuer', async (t) => {
    const told =
      /^it shows another certificate than ops\.tls\.certificateFile \(\S+\) holds; .* within 10 s/;
    const isTold = (error: unknown) =>
      error instanceof OpsCertificateError && told.test(networkReason(error));
    const port = await startServer(t, first);
    await assert.rejects(ask(`https://127.0.0.1:${port}`, certificatePath('second.crt')), isTold);
    const sibling = await startServer(t, clientCertificate('plain'));
    const file = certificatePath('clients/server.crt');
    await assert.rejects(ask(`https://127.0.0.1:${sibling}`, file), isTold);
  });

  test('and not by what an authority in its place has issued', async (t) => {
    const port = await startServer(t, clientCertificate('plain'));
    const file = certificatePath('clients/staff.crt');
    await assert.rejects(ask(`https://127.0.0.1:${port}`, file), OpsCertificateError);
  });

  test('as it is at that moment, for a command that goes on after a renewal', async (t) => {
    const file = join(await temporaryDirectory(t), 'ops.crt');
    await copyFile(certificatePath('second.crt'), file);
    const port = await startServer(t, first);
    const agent = new Agent({ connect: opsConnector({ certificateFile: file, timeout: 10_000 }) });
    t.after(() => agent.destroy());
    const askAgain = () => request(`https://127.0.0.1:${port}`, { dispatcher: agent });
    await assert.rejects(askAgain(), OpsCertificateError);
    await copyFile(certificatePath('first.crt'), file);
    assert.equal(await (await askAgain()).body.text(), 'ok');
  });

  test('which is told of when it can’t be read', async () => {
    await assert.rejects(
      ask('https://127.0.0.1:1', '/nonexistent'),
      /^OpsCertificateError: ops\.tls\.certificateFile \(\/nonexistent\): .*no such file$/,
    );
    await assert.rejects(
      ask('https://127.0.0.1:1', certificatePath('first.key')),
      /^OpsCertificateError: ops\.tls\.certificateFile \(\S+\) holds no certificate$/,
    );
  });

  test('and said to be out of date when it is', async (t) => {
    const port = await startServer(t, clientCertificate('expired'));
    const asked = ask(`https://127.0.0.1:${port}`, certificatePath('clients/expired.crt'));
    await assert.rejects(asked, saying('its certificate has expired'));
  });
});

describe('other endpoints are trusted as usual', () => {
  test('so that a certificate of nobody known is refused, with what to do', async (t) => {
    const port = await startServer(t, first);
    await assert.rejects(
      ask(`https://127.0.0.1:${port}`),
      saying('nobody known has issued its certificate; say who with NODE_EXTRA_CA_CERTS=FILE'),
    );
  });

  test('and asked over plain HTTP where the address says so', async (t) => {
    const port = await listen(
      t,
      createPlainServer((_request, response) => response.end('plain')),
    );
    assert.equal(await ask(`http://127.0.0.1:${port}`), 'plain');
    await assert.rejects(
      ask(`https://127.0.0.1:${port}`),
      saying('it does not speak TLS; is it http:'),
    );
  });
});
