import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { fixedBlob } from '../blobContent.ts';
import { buildImage } from '../images.ts';
import { manualClock } from '../manualClock.ts';
import type { HubSettings } from './hubSettings.ts';
import { plainClient } from './plainClient.ts';
import { startHub } from './scriptedHub.ts';

const layer = fixedBlob('0123456789');
const image = buildImage({ layers: [layer] });
const path = `/v2/library/alpine/blobs/${layer.digest}`;

async function hubWithLayer(t: TestContext, options: Partial<HubSettings> = {}) {
  const hub = await startHub(t, options);
  hub.addImage('library/alpine', image);
  return hub;
}

/** A Hub and the signed address it gives for the layer. */
async function hubWithAddress(t: TestContext, options: Partial<HubSettings> = {}) {
  const hub = await hubWithLayer(t, options);
  const client = plainClient(hub);
  const address = (await client.pull(path)).headers['location'] ?? '';
  return { hub, client, address };
}

describe('the registry', () => {
  test('sends a GET to a signed address on the CDN, which has the bytes', async (t) => {
    const { hub, client, address } = await hubWithAddress(t);
    assert.equal(hub.requests.at(-1)?.status, 307);
    assert.ok(address.startsWith(hub.cdnUrl));
    assert.match(address, /[?&]X-Amz-Expires=1200&.*X-Amz-Signature=[0-9a-f]{64}_\w+$/);
    assert.equal((await client.fetch(address)).text, '0123456789');
  });

  test('answers a HEAD itself', async (t) => {
    const hub = await hubWithLayer(t);
    const reply = await plainClient(hub).pull(path, { method: 'HEAD' });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-length'], '10');
    assert.equal(reply.headers['docker-content-digest'], layer.digest);
  });

  test('knows a blob only in the repositories that contain it', async (t) => {
    const hub = await hubWithLayer(t);
    hub.addImage('library/other', buildImage({ seed: 'other' }));
    const client = plainClient(hub);
    const elsewhere = await client.pull(`/v2/library/other/blobs/${layer.digest}`);
    assert.equal(elsewhere.status, 404);
    assert.match(elsewhere.text, /"code":"BLOB_UNKNOWN"/);
    hub.removeBlob('library/alpine', layer.digest);
    assert.equal((await client.pull(path)).status, 404);
  });

  test('sends the bytes itself where blobs are inline', async (t) => {
    const hub = await hubWithLayer(t, { blobs: 'inline' });
    const reply = await plainClient(hub).pull(path, { headers: { range: 'bytes=4-' } });
    assert.equal(reply.status, 206);
    assert.equal(reply.text, '456789');
    assert.equal(hub.count({ origin: 'cdn' }), 0);
  });

  test('answers a push with 405', async (t) => {
    const hub = await hubWithLayer(t);
    const reply = await plainClient(hub).pull('/v2/library/alpine/blobs/uploads', {
      method: 'POST',
    });
    assert.equal(reply.status, 405);
  });
});

describe('the CDN', () => {
  test('refuses an Authorization header with 400', async (t) => {
    const { client, address } = await hubWithAddress(t);
    const reply = await client.fetch(address, { headers: { authorization: 'Bearer x' } });
    assert.equal(reply.status, 400);
  });

  test('refuses an address that has expired with 403', async (t) => {
    const clock = manualClock();
    const { client, address } = await hubWithAddress(t, { clock });
    clock.advance(1_199_999);
    assert.equal((await client.fetch(address)).status, 200);
    clock.advance(1);
    const late = await client.fetch(address);
    assert.equal(late.status, 403);
    assert.match(late.text, /Request has expired/);
  });

  test('refuses a signature that was made for something else', async (t) => {
    const { client, address } = await hubWithAddress(t);
    const prolonged = address.replace('X-Amz-Expires=1200', 'X-Amz-Expires=999999');
    assert.equal((await client.fetch(prolonged)).status, 403);
    assert.equal((await client.fetch(address, { method: 'HEAD' })).status, 403);
  });

  test('honours single ranges', async (t) => {
    const { client, address } = await hubWithAddress(t);
    const part = async (range: string) => {
      const { status, text, headers } = await client.fetch(address, { headers: { range } });
      return [status, text, headers['content-range']];
    };
    assert.deepEqual(await part('bytes=2-4'), [206, '234', 'bytes 2-4/10']);
    assert.deepEqual(await part('bytes=7-'), [206, '789', 'bytes 7-9/10']);
    assert.deepEqual(await part('bytes=-2'), [206, '89', 'bytes 8-9/10']);
    assert.deepEqual(await part('bytes=8-99'), [206, '89', 'bytes 8-9/10']);
    assert.deepEqual(await part('bytes=10-'), [416, '', 'bytes */10']);
    assert.deepEqual(await part('bytes=1-2,4-5'), [200, '0123456789', undefined]);
  });

  test('keeps a range only while If-Range names the entity, and an answer while If-Match does', async (t) => {
    const { client, address } = await hubWithAddress(t);
    const { etag = '' } = (await client.fetch(address)).headers;
    const statusWith = async (headers: Record<string, string>) =>
      (await client.fetch(address, { headers: { range: 'bytes=2-', ...headers } })).status;
    assert.equal(await statusWith({ 'if-range': etag }), 206);
    assert.equal(await statusWith({ 'if-range': '"other"' }), 200);
    assert.equal(await statusWith({ 'if-match': etag }), 206);
    assert.equal(await statusWith({ 'if-match': '"other"' }), 412);
  });
});
