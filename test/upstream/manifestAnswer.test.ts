import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildMultiPlatformImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const image = buildMultiPlatformImage();
const { manifest } = image;

async function startAlpine(t: Lifetime): Promise<ScriptedHub> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  return hub;
}

test('a HEAD tells the index behind a tag, with type, digest and size', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  assert.deepEqual(await upstream.headManifest(alpine, latest), {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
  });
  assert.equal(hub.count({ operation: 'manifest_get' }), 0);
});

test('a GET brings the bytes as they were sent, by tag and by digest', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  for (const ref of ['latest', manifest.digest]) {
    const got = await upstream.getManifest(alpine, reference(ref));
    assert.deepEqual(got, { mediaType: manifest.mediaType, bytes: manifest.bytes });
  }
});

test('a media type comes bare, and is octets where there is none', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  const type = `${mediaTypes.ociIndex}; charset=utf-8`;
  const typed = hub.fault({ at: 'manifest_head', headers: { 'content-type': type } });
  assert.equal((await upstream.headManifest(alpine, latest))?.mediaType, mediaTypes.ociIndex);
  typed.clear();
  hub.fault({ at: 'manifest_head', headers: { 'content-type': '' } });
  assert.equal((await upstream.headManifest(alpine, latest))?.mediaType, mediaTypes.octetStream);
});

for (const digest of ['', 'sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e']) {
  test(`a HEAD with the digest "${digest}" is one without a digest`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_head', headers: { 'docker-content-digest': digest } });
    const { upstream } = openHub(t, hub);
    const head = await upstream.headManifest(alpine, latest);
    assert.deepEqual(head, { mediaType: manifest.mediaType, size: manifest.bytes.length });
  });
}

test('a HEAD with a length of 0 is one without a size', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'manifest_head', headers: { 'content-length': '0' } });
  const { upstream } = openHub(t, hub);
  const head = await upstream.headManifest(alpine, latest);
  assert.equal(head !== undefined && 'size' in head, false);
});

test('a registry that knows no HEAD is asked by GET, and the digest is made from the bytes', async (t) => {
  const hub = await startAlpine(t);
  hub.fault({ at: 'manifest_head', status: 405 });
  const { upstream } = openHub(t, hub);
  assert.deepEqual(await upstream.headManifest(alpine, latest), {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
  });
  assert.equal(await upstream.headManifest(alpine, reference('missing')), undefined);
});

for (const status of [401, 403, 404, 429, 500, 503]) {
  test(`a HEAD answered with ${status} is not followed by a GET`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_head', status });
    const { upstream } = openHub(t, hub);
    if (status === 404) assert.equal(await upstream.headManifest(alpine, latest), undefined);
    else {
      const error = await rejection(upstream.headManifest(alpine, latest));
      assert.ok(error instanceof UpstreamError || error instanceof RegistryError);
    }
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });
}

test('a manifest that lies elsewhere is fetched from there, as at registry.k8s.io', async (t) => {
  const [hub, far] = [await startAlpine(t), await startHub(t, { auth: 'none' })];
  far.addImage('library/alpine', image, { tags: ['latest'] });
  const redirectTo = `${far.registryUrl}/v2/library/alpine/manifests/latest`;
  hub.fault({ at: ['manifest_head', 'manifest_get'], redirectTo });
  const { upstream } = openHub(t, hub);
  assert.equal((await upstream.headManifest(alpine, latest))?.digest, manifest.digest);
  assert.deepEqual((await upstream.getManifest(alpine, latest))?.bytes, manifest.bytes);
  assert.ok(far.requests.every(({ headers }) => headers.authorization === undefined));
});
