import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { generatedBlob } from '../blobContent.ts';
import { buildImage } from '../images.ts';
import { openRawConnection } from '../rawSocket.ts';
import { paidAccount } from './accounts.ts';
import { plainClient } from './plainClient.ts';
import { startHub } from './scriptedHub.ts';

const layer = generatedBlob({ size: 64 * 1024 * 1024, seed: 'large' });
const image = buildImage({ layers: [layer] });

async function filledHub(t: TestContext) {
  const hub = await startHub(t);
  hub.addImage('library/alpine', image, { tags: ['3.20'] });
  return { hub, ...plainClient(hub) };
}

test('every request is on record in its order, with who asked for what and what became of it', async (t) => {
  const { hub, pull, fetch } = await filledHub(t);
  const path = `/v2/library/alpine/blobs/${image.config.digest}`;
  const redirect = await pull(path, { account: paidAccount });
  await fetch(redirect.headers['location'] ?? '');
  await hub.idle();
  assert.deepEqual(
    hub.requests.map(({ origin, operation, repository, reference, account, status, outcome }) => [
      origin,
      operation,
      repository,
      reference,
      account,
      status,
      outcome,
    ]),
    [
      ['token', 'token', 'library/alpine', undefined, 'acme', 200, 'completed'],
      ['registry', 'blob_get', 'library/alpine', image.config.digest, 'acme', 307, 'completed'],
      ['cdn', 'cdn_get', undefined, image.config.digest, undefined, 200, 'completed'],
    ],
  );
  assert.equal(hub.bytesSent('cdn'), image.config.size);
});

test('requests are counted by what they were for, until they are forgotten', async (t) => {
  const { hub, pull } = await filledHub(t);
  await pull('/v2/library/alpine/manifests/3.20');
  await pull('/v2/library/alpine/manifests/3.21');
  assert.equal(hub.count(), 4);
  assert.equal(hub.count({ operation: 'manifest_get' }), 2);
  assert.equal(hub.count({ operation: 'manifest_get', reference: '3.20' }), 1);
  assert.equal(
    hub.count(({ status }) => status === 404),
    1,
  );
  hub.forget();
  assert.equal(hub.count(), 0);
});

test('the Hub is idle when no request is being answered', async (t) => {
  const { hub, pull, fetch } = await filledHub(t);
  const held = hub.fault({ at: 'tags', delayHeaders: 'hold' });
  const list = pull('/v2/library/alpine/tags/list');
  await hub.waitFor({ operation: 'tags' });
  const idle = hub.idle().then(() => 'idle');
  const answered = fetch(`${hub.registryUrl}/v2/`).then(() => 'busy');
  assert.equal(await Promise.race([idle, answered]), 'busy');
  held.release();
  await list;
  assert.equal(await idle, 'idle');
  assert.equal(hub.count({ outcome: 'open' }), 0);
});

test('a client that hangs up leaves an aborted request behind', async (t) => {
  const { hub, pull } = await filledHub(t);
  const { headers } = await pull(`/v2/library/alpine/blobs/${layer.digest}`);
  const address = new URL(headers['location'] ?? '');
  const connection = await openRawConnection(Number(address.port));
  connection.send(`GET ${address.pathname}${address.search} HTTP/1.1\r\nHost: hub\r\n\r\n`);
  await connection.until('\r\n\r\n');
  connection.destroy();
  const [aborted] = await hub.waitFor({ operation: 'cdn_get', outcome: 'aborted' });
  assert.ok((aborted?.bytesSent ?? layer.size) < layer.size);
});

test('a generated blob of many pieces arrives whole', async (t) => {
  const { hub, pull, fetch } = await filledHub(t);
  const { headers } = await pull(`/v2/library/alpine/blobs/${layer.digest}`);
  const { bytes } = await fetch(headers['location'] ?? '');
  assert.equal(bytes.length, layer.size);
  assert.ok(bytes.equals(Buffer.concat([...layer.chunks(0, layer.size)])));
  await hub.idle();
  assert.equal(hub.bytesSent('cdn'), layer.size);
});

test('an origin that is down refuses connections and answers again at the same address', async (t) => {
  const { hub, fetch } = await filledHub(t);
  await hub.goDown('registry');
  await assert.rejects(fetch(`${hub.registryUrl}/v2/`), { code: 'ECONNREFUSED' });
  assert.equal((await fetch(`${hub.tokenUrl}/token`)).status, 200);
  await hub.comeUp('registry');
  assert.equal((await fetch(`${hub.registryUrl}/v2/`)).status, 401);
});

test('going down ends what is being sent', async (t) => {
  const { hub, pull } = await filledHub(t);
  hub.fault({ at: 'tags', delayHeaders: 'hold' });
  const refused = assert.rejects(pull('/v2/library/alpine/tags/list'));
  await hub.waitFor({ operation: 'tags' });
  await hub.goDown();
  await refused;
  await hub.comeUp();
  await hub.comeUp();
  assert.equal((await pull('/v2/library/alpine/manifests/3.20')).status, 200);
});

test('what makes no sense to a registry is a 404 on record', async (t) => {
  const { hub, fetch } = await filledHub(t);
  assert.equal((await fetch(`${hub.tokenUrl}/login`)).status, 404);
  assert.equal((await fetch(`${hub.cdnUrl}/index.html`)).status, 403);
  assert.equal(hub.count({ operation: 'other' }), 2);
});
