import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lifetime } from '../support/lifetime.ts';
import { exchangeRaw } from '../support/rawSocket.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { serveWith } from './secondServer.ts';
import { blobPath, manifestPath, startStage } from './stage.ts';
import { readAnswer, requestHead, wireClient } from './wireAnswer.ts';

async function startRanged(t: Lifetime, clients: readonly string[], proxies: readonly string[]) {
  const stage = await startStage(t);
  const network = { clients, trustedProxies: proxies };
  const server = await serveWith(t, stage, {}, { network });
  return { ...stage, ...server, ask: wireClient(server.port) };
}

const message = (address: string): string =>
  `your address ${address} may not use this mirror (access.clients)`;

test('an address outside of the ranges is refused on every path, and nothing is done for it', async (t) => {
  const { ask, hub, small, hold, finished, mirror } = await startRanged(t, ['10.0.0.0/8'], []);
  await hold(small);
  const before = hub.requests.length;
  const asked = mirror.observed.length;
  const targets = [
    ['GET', '/v2/'],
    ['GET', '/v2'],
    ['GET', manifestPath('3.20')],
    ['GET', manifestPath('absent')],
    ['GET', blobPath(small.digest)],
    ['GET', '/v2/library/alpine/tags/list'],
    ['GET', '/v2/UPPER/manifests/x'],
    ['GET', '/v2/x/manifests/latest?ns=unknown.example'],
    ['GET', '/'],
    ['GET', '/nowhere'],
    ['GET', '/v2/%'],
    ['GET', '/%zz'],
    ['POST', '/v2/library/alpine/blobs/uploads/'],
    ['DELETE', manifestPath('3.20')],
    ['OPTIONS', '/v2/'],
    ['PROPFIND', '/v2/'],
  ] as const;
  for (const [method, target] of targets) {
    const answer = await ask(method, target);
    assertRegistryError(answer, 403, 'DENIED', `${method} ${target}`);
    assert.ok(answer.body.includes(message('127.0.0.1')), `${method} ${target}`);
  }
  assert.equal((await ask('HEAD', blobPath(small.digest))).status, 403);
  assert.equal(hub.requests.length, before);
  assert.equal(mirror.observed.length, asked);
  assert.equal(finished.length, targets.length + 1);
  for (const { status, client, error } of finished) {
    assert.equal(status, 403);
    assert.equal(client, '127.0.0.1');
    assert.equal((error as Error).message, message('127.0.0.1'));
  }
});

test('the refusal goes before what is wrong with a request, and closes behind a body', async (t) => {
  const { port } = await startRanged(t, ['10.0.0.0/8'], []);
  const inBody = 'GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const bytes of [
    `PUT /v2/a HTTP/1.1\r\nHost: a\r\nContent-Length: ${inBody.length}\r\n\r\n${inBody}`,
    'GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n',
    'GET /v2/ HTTP/2.0\r\nHost: a\r\nConnection: close\r\n\r\n',
  ]) {
    const reply = await exchangeRaw({ port, bytes });
    assert.equal(reply.end, 'fin', bytes);
    assertRegistryError(readAnswer(reply.bytes, reply.end), 403, 'DENIED', bytes);
  }
});

test('an address inside of the ranges is served', async (t) => {
  const { ask, small } = await startRanged(t, ['10.0.0.0/8', '127.0.0.1'], []);
  assert.equal((await ask('GET', '/v2/')).status, 200);
  assert.equal((await ask('GET', blobPath(small.digest))).status, 200);
  assert.equal((await ask('GET', '/nowhere')).status, 404);
});

test('an address that a client claims opens nothing', async (t) => {
  const { ask } = await startRanged(t, ['10.0.0.0/8'], []);
  for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'client-ip']) {
    assert.equal((await ask('GET', '/v2/', { [name]: '10.0.0.1' })).status, 403, name);
  }
});

test('behind a trusted proxy its client is looked at, and not what that claims', async (t) => {
  const { ask } = await startRanged(t, ['10.0.0.0/8'], ['127.0.0.1']);
  for (const [forwardedFor, status] of [
    ['10.0.0.1', 200],
    ['192.0.2.66, 10.0.0.1', 200],
    ['192.0.2.1', 403],
    ['10.0.0.1, 192.0.2.1', 403],
    ['10.0.0.1, unknown', 403],
  ] as const) {
    const answer = await ask('GET', '/v2/', { 'x-forwarded-for': forwardedFor });
    assert.equal(answer.status, status, forwardedFor);
  }
});

test('each request of a connection is looked at anew', async (t) => {
  const { port } = await startRanged(t, ['10.0.0.0/8'], ['127.0.0.1']);
  const first = requestHead('GET', '/v2/', { 'x-forwarded-for': '10.0.0.1' });
  const second = requestHead('GET', '/v2/', {
    'x-forwarded-for': '192.0.2.1',
    connection: 'close',
  });
  const { bytes } = await exchangeRaw({ port, bytes: first + second });
  const statuses = [...bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)].map(
    ([, one]) => one,
  );
  assert.deepEqual(statuses, ['200', '403']);
});
