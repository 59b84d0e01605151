import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { buildImage, buildIndex } from '../support/images.ts';
import { getBlob, getManifest, headManifest, pullBlob, pullImage, type Answer } from './pulls.ts';
import { startScene, type Scene } from './scene.ts';

const repository = 'library/alpine';
const other = 'library/debian';
const tag = '3.20';
const image = buildImage();
const { digest } = image.manifest;
const whole = buildImage({ seed: 'whole' });

function assertUnavailable({ status, headers }: Answer): void {
  assert.equal(status, 503);
  assert.ok(Number(headers['retry-after']) > 0);
}

async function assertRefused({ mirror }: Scene, reference: string): Promise<void> {
  assertUnavailable(await getManifest(mirror, repository, reference));
  assertUnavailable(await headManifest(mirror, repository, reference));
}

function upstreamOf({ mirror }: Scene): Upstream {
  return mirror.mirror.upstreams.default.upstream;
}

describe('a HEAD on a fresh tag whose manifest is not held', () => {
  test('asks nothing for 5 seconds after the upstream has answered, then by HEAD', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    await headManifest(mirror, repository, tag);
    hub.forget();
    clock.advance(4_999);
    assert.equal((await headManifest(mirror, repository, tag)).status, 200);
    assert.deepEqual(hub.requests, []);
    clock.advance(1);
    assert.equal((await headManifest(mirror, repository, tag)).status, 200);
    assert.equal(hub.count({ operation: 'manifest_head', reference: digest }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('is 503 while the upstream is down, as the GET after it would be', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    await headManifest(mirror, repository, tag);
    await hub.goDown();
    clock.advance(5_000);
    assertUnavailable(await headManifest(mirror, repository, tag));
    assertUnavailable(await getManifest(mirror, repository, tag));
  });
});

describe('an image of which a layer is missing', () => {
  for (const reference of [tag, digest]) {
    test(`is served for 5 seconds after an answer, then checked by HEAD (${reference})`, async (t) => {
      const { clock, hub, mirror } = await startScene(t);
      hub.addImage(repository, image, { tags: [tag] });
      await getManifest(mirror, repository, tag);
      hub.forget();
      clock.advance(4_999);
      assert.equal((await getManifest(mirror, repository, reference)).status, 200);
      assert.deepEqual(hub.requests, []);
      clock.advance(1);
      assert.equal((await getManifest(mirror, repository, reference)).status, 200);
      assert.equal(hub.count({ operation: 'manifest_head', status: 200 }), 1);
      assert.equal(hub.count({ operation: 'manifest_get' }), 0);
    });
  }

  test('is refused at once after the upstream failed in anything', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    await getManifest(mirror, repository, tag);
    await hub.goDown();
    assert.equal((await getBlob(mirror, repository, image.config.digest)).status, 503);
    assertUnavailable(await getManifest(mirror, repository, tag));
    assertUnavailable(await getManifest(mirror, repository, digest));
  });
});

/** A mirror that holds `whole` and the manifest of `image`, and has seen many blobs fail. */
async function startWithoutBlobs(t: TestContext): Promise<Scene> {
  const scene = await startScene(t);
  const { hub, mirror } = scene;
  const index = buildIndex([image, whole]);
  hub.addImage(repository, image, { tags: [tag] });
  hub.addImage(repository, whole, { tags: ['whole'] });
  hub.addImage(repository, index, { tags: ['index'] });
  await getManifest(mirror, repository, tag);
  await pullImage(mirror, repository, 'whole', whole);
  await getManifest(mirror, repository, 'index');
  await failBlobs(scene);
  hub.forget();
  return scene;
}

/** Lets blobs fail until none is asked for any more. */
async function failBlobs(scene: Scene): Promise<void> {
  const { hub, mirror } = scene;
  const failing = buildImage({ seed: 'failing' });
  hub.addImage(other, failing, { tags: ['12'] });
  hub.fault({ at: 'blob_body', status: 500 });
  const { blobs } = failing;
  for (let tries = 0; await upstreamOf(scene).canGiveBlobs(); tries += 1) {
    assert.ok(tries < 10, 'the circuit does not open');
    const { digest: failed } = blobs[tries % blobs.length] ?? failing.config;
    assert.equal((await getBlob(mirror, other, failed)).status, 503);
  }
}

/** How often the Hub was asked for a manifest or about one. */
function questions({ hub }: Scene): number {
  return hub.count({ operation: 'manifest_head' }) + hub.count({ operation: 'manifest_get' });
}

describe('while no blob can be had from the upstream', () => {
  test('an image of which a layer is missing is refused without a question', async (t) => {
    const scene = await startWithoutBlobs(t);
    await assertRefused(scene, tag);
    await assertRefused(scene, digest);
    assert.equal(questions(scene), 0);
  });

  test('a manifest that is not held is refused, and none is fetched', async (t) => {
    const scene = await startWithoutBlobs(t);
    const { hub } = scene;
    const unheld = buildImage({ seed: 'unheld' });
    hub.addImage(repository, unheld, { tags: ['unheld'] });
    await assertRefused(scene, unheld.manifest.digest);
    assert.equal(questions(scene), 0);
    await assertRefused(scene, 'unheld');
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('one that is held for another repository is refused as one that nobody has', async (t) => {
    const { hub, mirror } = await startWithoutBlobs(t);
    hub.addImage(other, buildImage({ seed: 'other' }));
    const absent = buildImage({ seed: 'absent' }).manifest.digest;
    for (const ask of [getManifest, headManifest]) {
      const [held, unknown] = [await ask(mirror, other, digest), await ask(mirror, other, absent)];
      assertUnavailable(held);
      assert.deepEqual(held.bytes, unknown.bytes);
    }
  });

  test('an index of which no image is complete is refused', async (t) => {
    const scene = await startWithoutBlobs(t);
    const { clock, hub, mirror } = scene;
    hub.clearFaults();
    clock.advance(60_000);
    const index = buildIndex([image, buildImage({ seed: 'second' })]);
    hub.addImage(repository, index, { tags: ['edge'] });
    await getManifest(mirror, repository, 'edge');
    await failBlobs(scene);
    await assertRefused(scene, 'edge');
    await assertRefused(scene, index.manifest.digest);
  });

  test('an image that is all here is served, and an index of it', async (t) => {
    const { mirror } = await startWithoutBlobs(t);
    await pullImage(mirror, repository, 'whole', whole);
    await pullImage(mirror, repository, whole.manifest.digest, whole);
    for (const ask of [getManifest, headManifest]) {
      assert.equal((await ask(mirror, repository, 'index')).status, 200);
      assert.equal((await ask(mirror, repository, 'whole')).status, 200);
    }
  });

  test('a manifest of another kind is served', async (t) => {
    const scene = await startScene(t);
    const { hub, mirror } = scene;
    const bytes = Buffer.from('{"anything":1}');
    const manifest = { bytes, digest: digestOf(bytes), mediaType: 'application/vnd.test+json' };
    hub.addImage(repository, { manifest, blobs: [], children: [] }, { tags: [tag] });
    assert.equal((await getManifest(mirror, repository, tag)).status, 200);
    await failBlobs(scene);
    assert.equal((await getManifest(mirror, repository, tag)).status, 200);
    assert.equal((await headManifest(mirror, repository, manifest.digest)).status, 200);
  });

  test('a manifest that was on its way is refused', async (t) => {
    const scene = await startScene(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, image, { tags: [tag] });
    const held = hub.fault({ at: 'manifest_get', delayHeaders: 'hold' });
    const answer = getManifest(mirror, repository, tag);
    await hub.waitFor({ operation: 'manifest_get' });
    await failBlobs(scene);
    held.release();
    assertUnavailable(await answer);
  });

  test('a tag that moved is pulled as it was before', async (t) => {
    const scene = await startWithoutBlobs(t);
    const { clock, hub, mirror } = scene;
    hub.addImage(repository, buildImage({ seed: 'unheld' }), { tags: ['whole'] });
    clock.advance(3_600_000);
    await failBlobs(scene);
    const answer = await getManifest(mirror, repository, 'whole');
    assert.deepEqual([answer.status, answer.headers['x-cache']], [200, 'stale']);
    assert.deepEqual(answer.bytes, whole.manifest.bytes);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('is over when one of them came', async (t) => {
    const { clock, hub, mirror } = await startWithoutBlobs(t);
    hub.clearFaults();
    clock.advance(60_000);
    assert.equal((await getManifest(mirror, repository, tag)).status, 200);
    await pullBlob(mirror, repository, image.config);
    await pullImage(mirror, repository, tag, image);
  });
});
