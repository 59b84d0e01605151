import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { Agent, request } from 'undici';
import { certificatePair, clientAuthorities, clientCertificate } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { serveWith } from './secondServer.ts';
import { blobPath, manifestPath, startStage } from './stage.ts';

const pair = certificatePair('first');
const clientCa = clientAuthorities('staff');

/** A mirror that holds its image, and asks for certificates of clients. */
async function startServer(t: Lifetime) {
  const stage = await startStage(t);
  await stage.ask('GET', manifestPath('3.20'));
  for (const blob of [stage.small, stage.large]) await stage.hold(blob);
  const { port, server } = await serveWith(t, stage, {}, { tls: { ...pair, clientCa } });
  const askAs = (name: string | undefined) => {
    const shown = name === undefined ? {} : clientCertificate(name);
    const agent = new Agent({ connect: { ca: pair.certificate, ...shown } });
    t.after(() => agent.destroy());
    return async (method: 'GET' | 'HEAD' | 'PUT', path: string) => {
      const answer = await request(`https://127.0.0.1:${port}${path}`, {
        method,
        dispatcher: agent,
      });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
    };
  };
  const { small, large, image } = stage;
  const paths = [
    '/v2/',
    manifestPath('3.20'),
    manifestPath(image.manifest.digest),
    manifestPath('absent'),
    blobPath(small.digest),
    blobPath(large.digest),
    '/v2/library/alpine/tags/list',
    `/v2/library/alpine/referrers/${image.manifest.digest}`,
    '/v2/_catalog',
    '/elsewhere',
  ];
  return { askAs, paths, server };
}

test('a client whose certificate is wrong is refused on every route, with the reason', async (t) => {
  const { askAs, paths } = await startServer(t);
  for (const [name, reason] of [
    ['bob', 'none of the authorities that are accepted here has issued it'],
    ['expired', 'it has expired'],
    ['server', 'it is not for client authentication'],
  ] as const) {
    const ask = askAs(name);
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'PUT'] as const) {
        const { status, headers, body } = await ask(method, path);
        assert.equal(status, 403, `${name}: ${method} ${path}`);
        // The client may have another certificate by its next connection, but not by its next request.
        assert.equal(headers['connection'], 'close');
        if (method === 'HEAD') continue;
        const message = `your client certificate is not accepted: ${reason}`;
        const { errors } = JSON.parse(body) as { errors: { code: string; message: string }[] };
        assert.deepEqual(
          errors.map((error) => [error.code, error.message]),
          [['DENIED', message]],
        );
      }
    }
  }
});

test('what is open is open to a client without a certificate and to one with a right one', async (t) => {
  const { askAs, paths } = await startServer(t);
  for (const name of [undefined, 'alice']) {
    const ask = askAs(name);
    for (const path of paths.slice(0, 3)) assert.equal((await ask('GET', path)).status, 200);
  }
});

test('a client is who its handshake said, whatever becomes of its connection before the first request', async (t) => {
  const { askAs, server } = await startServer(t);
  server.on('secureConnection', (socket: TLSSocket) => (socket.authorized = true));
  assert.equal((await askAs('bob')('GET', '/v2/')).status, 403);
});
