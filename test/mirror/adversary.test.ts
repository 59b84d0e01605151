import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { SpillingSource } from '../../src/mirror/spillingSource.ts';
import { personalAccount } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { fixedBlob } from '../support/blobContent.ts';
import { buildImage, buildIndex, type ImageContent } from '../support/images.ts';
import { startMirror } from '../support/testMirror.ts';
import { startTinyServer } from '../upstream/tinyServer.ts';
import { ask, askRaw, blobPath, getBlob, getManifest, headManifest, pullImage } from './pulls.ts';
import { startScene } from './scene.ts';

const account = { name: personalAccount.username, secret: personalAccount.password };
const secret = buildImage({ seed: 'secret' });
const [secretLayer] = secret.layers;
assert.ok(secretLayer);
const hour = 3_600_000;

function upstreamOf(host: string, { registryUrl, tokenUrl, cdnUrl }: ScriptedHub) {
  return { host, registryUrl, tokenUrl, cdnUrl };
}

/** A mirror before Docker Hub and before `bad.example`, both of which have the same image. */
async function startTwoUpstreams(t: TestContext) {
  const good = await startHub(t);
  const bad = await startHub(t);
  const mirror = await startMirror(t, [
    upstreamOf('docker.io', good),
    upstreamOf('bad.example', bad),
  ]);
  for (const hub of [good, bad]) hub.addImage('acme/app', secret, { tags: ['1'] });
  return { bad, mirror };
}

/** An image that names a private layer as one that clients fetch elsewhere. */
function imageWithForeignLayer(): ImageContent {
  const config = fixedBlob('{"of":"an adversary"}');
  const [layer] = secret.layers;
  assert.ok(layer);
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: config.digest,
        size: config.size,
      },
      layers: [
        {
          mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
          digest: layer.digest,
          size: layer.size,
          urls: ['https://elsewhere.example/layer'],
        },
      ],
    }),
  );
  const manifest = { bytes, mediaType: mediaTypes.ociManifest, digest: digestOf(bytes) };
  return { manifest, blobs: [config], children: [] };
}

/** An index that names the same manifest many times. */
function many(child: ImageContent): ImageContent {
  return buildIndex(Array.from({ length: 120 }, () => child));
}

describe('a private layer that is held', () => {
  test('is not to be had through an image that names it as a foreign one', async (t) => {
    const { hub, mirror, clock } = await startScene(t, { account });
    hub.addImage('acme/secret', secret, { tags: ['1'] });
    await pullImage(mirror, 'acme/secret', '1', secret);
    hub.makePrivate('acme/secret', [personalAccount.username]);
    clock.advance(hour);
    hub.addImage('evil/image', imageWithForeignLayer(), { tags: ['1'] });
    assert.equal((await getManifest(mirror, 'evil/image', '1')).status, 200);
    assert.equal((await getBlob(mirror, 'evil/image', secretLayer.digest)).status, 404);
  });

  test('is not to be had through a registry that redirects without a look', async (t) => {
    const hub = await startHub(t);
    const redirecting = await startTinyServer(t, (request, response) => {
      const { url = '' } = request;
      if (url.startsWith('/storage')) response.writeHead(404).end();
      else response.writeHead(307, { location: `/storage${url}` }).end();
    });
    const mirror = await startMirror(
      t,
      [upstreamOf('docker.io', hub), { host: 'registry.k8s.io', registryUrl: redirecting.url }],
      { account },
    );
    hub.addImage('acme/secret', secret, { tags: ['1'] });
    await pullImage(mirror, 'acme/secret', '1', secret);
    const answer = await getBlob(mirror, 'registry.k8s.io/any/thing', secretLayer.digest);
    assert.equal(answer.status, 404);
  });
});

describe('a repository that the upstream said is gone', () => {
  test('is gone by digest too when the clock was set back before', async (t) => {
    const { hub, mirror, clock } = await startScene(t);
    hub.addImage('acme/app', secret, { tags: ['1'] });
    await pullImage(mirror, 'acme/app', '1', secret);
    clock.advance(-hour);
    hub.makePrivate('acme/app');
    assert.equal((await getManifest(mirror, 'acme/app', '1')).status, 404);
    const manifest = await getManifest(mirror, 'acme/app', secret.manifest.digest);
    const blob = await getBlob(mirror, 'acme/app', secretLayer.digest);
    assert.deepEqual([manifest.status, blob.status], [404, 404]);
  });

  test('is not brought back by a manifest that was on its way', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage('acme/app', secret, { tags: ['1', '2'] });
    const stalled = hub.fault({ at: 'manifest_get', stallAfter: 10 });
    const slow = getManifest(mirror, 'acme/app', '1');
    await hub.waitFor({ operation: 'manifest_get' });
    hub.makePrivate('acme/app');
    assert.equal((await getManifest(mirror, 'acme/app', '2')).status, 404);
    stalled.release();
    await slow;
    const again = await getManifest(mirror, 'acme/app', secret.manifest.digest);
    assert.equal(again.status, 404);
  });

  test('has no list of tags any more, neither a fresh one nor a stale one', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage('acme/app', secret, { tags: ['1'] });
    assert.equal((await ask(mirror, '/v2/acme/app/tags/list')).status, 200);
    hub.makePrivate('acme/app');
    assert.equal((await getManifest(mirror, 'acme/app', '1')).status, 404);
    assert.equal((await ask(mirror, '/v2/acme/app/tags/list')).status, 404);
    await hub.goDown();
    clock.advance(10_000);
    assert.equal((await ask(mirror, '/v2/acme/app/tags/list')).status, 503);
  });
});

describe('the failure of one upstream', () => {
  test('is not that of another one whose client asked for the same blob', async (t) => {
    const { bad, mirror } = await startTwoUpstreams(t);
    const held = bad.fault({ at: 'blob_redirect', delayHeaders: 'hold', status: 503 });
    const failing = getBlob(mirror, 'bad.example/acme/app', secretLayer.digest);
    await bad.waitFor({ operation: 'blob_get' });
    const served = getBlob(mirror, 'acme/app', secretLayer.digest);
    held.release();
    assert.deepEqual([(await failing).status, (await served).status], [503, 200]);
  });

  test('can not spoil the media type that another one gave to the same bytes', async (t) => {
    const { bad, mirror } = await startTwoUpstreams(t);
    bad.fault({ at: 'manifest_get', headers: { 'content-type': mediaTypes.ociIndex } });
    await getManifest(mirror, 'bad.example/acme/app', secret.manifest.digest);
    const types = [
      (await getManifest(mirror, 'acme/app', '1')).headers['content-type'],
      (await headManifest(mirror, 'acme/app', '1')).headers['content-type'],
    ];
    assert.deepEqual(types, [mediaTypes.ociManifest, mediaTypes.ociManifest]);
  });
});

test('indexes that name one another many times over are looked at once each', async (t) => {
  const { hub, mirror } = await startScene(t);
  const inner = many(secret);
  const middle = many(inner);
  const outer = many(middle);
  const whole = {
    ...outer,
    children: [{ ...middle, children: [{ ...inner, children: [secret] }] }],
  };
  hub.addImage('evil/image', whole, { tags: ['1'] });
  for (const { manifest } of [secret, inner, middle, outer]) {
    assert.equal((await getManifest(mirror, 'evil/image', manifest.digest)).status, 200);
  }
  const read = t.mock.method(mirror.store.blobs, 'describe');
  assert.equal((await getManifest(mirror, 'evil/image', '1')).status, 200);
  assert.ok(read.mock.callCount() < 50, `${read.mock.callCount()} look-ups`);
});

test('an empty answer for a blob that is not empty is no blob', async (t) => {
  const { hub, mirror } = await startScene(t);
  hub.addImage('acme/app', secret, { tags: ['1'] });
  hub.fault({ at: 'blob_body', body: '' });
  const answer = await askRaw(mirror, blobPath('acme/app', secretLayer.digest));
  assert.notEqual(answer.status, 200);
});

test('a transfer of unknown size that breaks after its last byte is complete', async (t) => {
  const { hub, mirror } = await startScene(t);
  hub.addImage('acme/app', secret, { tags: ['1'] });
  const headers = { 'content-length': '' };
  hub.fault({ at: 'blob_body', headers, cutAfter: secretLayer.size, times: 1 });
  const answer = await getBlob(mirror, 'acme/app', secretLayer.digest);
  assert.equal(digestOf(answer.bytes), secretLayer.digest);
});

describe('a check of visibility', () => {
  test('that fails is not repeated for each blob of a held image', async (t) => {
    const { hub, mirror, clock } = await startScene(t, { account });
    hub.addImage('acme/app', secret, { tags: ['1'] });
    await pullImage(mirror, 'acme/app', '1', secret);
    clock.advance(hour);
    hub.fault({ at: 'manifest_head', status: 500 });
    hub.forget();
    for (const { digest } of secret.blobs) {
      assert.equal((await getBlob(mirror, 'acme/app', digest)).status, 200);
    }
    assert.equal(hub.count({ operation: 'manifest_head', status: 500 }), 1);
  });

  test('to which the token is said to be invalid makes no repository private', async (t) => {
    const { hub, mirror, clock } = await startScene(t, { account });
    hub.addImage('acme/app', secret, { tags: ['1'] });
    await pullImage(mirror, 'acme/app', '1', secret);
    clock.advance(hour);
    hub.fault({ at: 'manifest_head', status: 401 });
    assert.equal((await getManifest(mirror, 'acme/app', '1')).status, 200);
    await hub.goDown();
    clock.advance(hour);
    assert.equal((await getManifest(mirror, 'acme/app', '1')).status, 200);
  });
});

test('a reader that has left opens no other way when the disk runs full', async () => {
  const reading = Promise.withResolvers<number>();
  let opened = 0;
  const source = new SpillingSource(
    { size: 1, read: () => reading.promise, close: async () => {} },
    () => {
      opened += 1;
      return { size: 1, read: async () => 1, close: async () => {}, takeOver: async () => {} };
    },
  );
  const read = source.read(Buffer.alloc(1), 0);
  await source.close();
  reading.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  await assert.rejects(read, { code: 'ENOSPC' });
  assert.equal(opened, 0);
});
