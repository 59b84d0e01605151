import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { blobBytes } from '../support/blobContent.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { startMirror } from '../support/testMirror.ts';

test('an image is pulled through and the second pull reaches no upstream', async (t) => {
  const hub = await startHub(t);
  const image = buildImage();
  hub.addImage('library/alpine', image, { tags: ['3.20'] });
  const mirror = await startMirror(t, hub);
  const first = await request(`${mirror.url}/v2/library/alpine/manifests/3.20`);
  console.log(first.statusCode, first.headers);
  assert.deepEqual(Buffer.from(await first.body.arrayBuffer()), image.manifest.bytes);
  for (const b of image.blobs) {
    const blob = await request(`${mirror.url}/v2/library/alpine/blobs/${b.digest}`);
    console.log(blob.statusCode, blob.headers);
    assert.deepEqual(Buffer.from(await blob.body.arrayBuffer()), blobBytes(b));
  }
  console.log(hub.requests.map((r) => [r.operation, r.status]));
});
