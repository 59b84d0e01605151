import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildImage, buildIndex, buildMultiPlatformImage } from '../support/images.ts';
import {
  errorCode,
  getBlob,
  getManifest,
  headManifest,
  pullBlob,
  pullImage,
  type Answer,
} from './pulls.ts';
import { startScene } from './scene.ts';

const repository = 'library/alpine';
const other = 'library/debian';
const hour = 3_600_000;
const halfMinute = 30_000;
const image = buildImage();
const { digest } = image.manifest;

function assertUnavailable(answer: Answer): void {
  assert.equal(answer.status, 503);
  assert.ok(Number(answer.headers['retry-after']) > 0);
}

describe('a manifest that is held through one repository', () => {
  test('is checked by HEAD for another one before it is served, and remembered', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, image);
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    const first = await getManifest(mirror, other, digest);
    assert.equal(first.headers['x-cache'], 'revalidated');
    assert.deepEqual(first.bytes, image.manifest.bytes);
    assert.equal(hub.count({ operation: 'manifest_head', repository: other, status: 200 }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
    hub.forget();
    assert.equal((await getManifest(mirror, other, digest)).headers['x-cache'], 'hit');
    assert.deepEqual(hub.requests, []);
  });

  test('is checked once for many clients', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, image);
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    await Promise.all(Array.from({ length: 20 }, () => getManifest(mirror, other, digest)));
    assert.equal(hub.count({ operation: 'manifest_head', status: 200 }), 1);
  });

  test('is not found under another one that lacks it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, buildImage({ seed: 'other' }));
    await pullImage(mirror, repository, '3.20', image);
    const answer = await getManifest(mirror, other, digest);
    assert.deepEqual([answer.status, errorCode(answer)], [404, 'MANIFEST_UNKNOWN']);
    assert.equal((await headManifest(mirror, other, digest)).status, 404);
  });

  test('brings the right to its blobs along for another one that has it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, image, { tags: ['12'] });
    await pullImage(mirror, repository, '3.20', image);
    await getManifest(mirror, other, '12');
    await hub.goDown();
    await pullImage(mirror, other, '12', image);
  });
});

describe('a manifest that is not held', () => {
  test('is described by HEAD without a counted request, by tag and by digest', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    for (const reference of ['3.20', digest]) {
      const { status, headers } = await headManifest(mirror, repository, reference);
      assert.equal(status, 200);
      assert.equal(headers['docker-content-digest'], digest);
      assert.equal(headers['content-type'], image.manifest.mediaType);
      assert.equal(headers['content-length'], String(image.manifest.bytes.length));
    }
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('is fetched to be described when the upstream does not say its size', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.fault({ at: 'manifest_head', headers: { 'content-length': '' } });
    for (const reference of ['3.20', digest]) {
      const { headers } = await headManifest(mirror, repository, reference);
      assert.equal(headers['content-length'], String(image.manifest.bytes.length));
    }
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
  });

  test('is resolved by a GET when the upstream does not say its digest', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.fault({ at: 'manifest_head', headers: { 'docker-content-digest': '' } });
    await pullImage(mirror, repository, '3.20', image);
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
  });

  test('is not found by tag nor by digest when the upstream lacks it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, buildImage({ seed: 'other' }), { tags: ['edge'] });
    for (const reference of ['3.20', digest]) {
      const answer = await getManifest(mirror, repository, reference);
      assert.deepEqual([answer.status, errorCode(answer)], [404, 'MANIFEST_UNKNOWN']);
      assert.equal((await headManifest(mirror, repository, reference)).status, 404);
    }
  });

  test('is answered with 503 while the upstream is away', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await headManifest(mirror, repository, '3.20');
    await hub.goDown();
    clock.advance(halfMinute);
    assertUnavailable(await headManifest(mirror, repository, digest));
    assertUnavailable(await getManifest(mirror, repository, digest));
    assertUnavailable(await getManifest(mirror, repository, '3.20'));
    clock.advance(hour);
    assertUnavailable(await getManifest(mirror, repository, '3.20'));
    assertUnavailable(await headManifest(mirror, repository, '3.20'));
  });
});

describe('an image of which a layer is missing', () => {
  test('is answered with 503 to GET and HEAD, by tag and digest, while the upstream is down', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await getManifest(mirror, repository, '3.20');
    await pullBlob(mirror, repository, image.config);
    await hub.goDown();
    clock.advance(halfMinute);
    for (const moment of ['while the tag is fresh', 'when it is stale']) {
      for (const reference of ['3.20', digest]) {
        assertUnavailable(await getManifest(mirror, repository, reference));
        assertUnavailable(await headManifest(mirror, repository, reference));
      }
      assert.ok(moment);
      clock.advance(hour);
    }
  });

  test('is served again when the upstream is up again', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await getManifest(mirror, repository, '3.20');
    await hub.goDown();
    clock.advance(hour);
    assertUnavailable(await getManifest(mirror, repository, '3.20'));
    await hub.comeUp();
    clock.advance(halfMinute);
    await pullImage(mirror, repository, '3.20', image);
  });

  test('is served while the upstream is up', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await getManifest(mirror, repository, '3.20');
    clock.advance(halfMinute);
    await pullImage(mirror, repository, digest, image);
  });

  test('is not promised under a repository that was never seen to contain what is held of it', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    const index = buildIndex([image]);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, index, { tags: ['12'] });
    await pullImage(mirror, repository, '3.20', image);
    await getManifest(mirror, other, '12');
    await hub.goDown();
    clock.advance(halfMinute);
    const answer = await getManifest(mirror, other, '12');
    const child = await getManifest(mirror, other, digest);
    assert.deepEqual([answer.status, child.status], [503, 503]);
  });
});

describe('an image of which all is held', () => {
  test('is served by tag and digest while the upstream is down', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    await hub.goDown();
    clock.advance(halfMinute);
    for (const reference of ['3.20', digest]) {
      await pullImage(mirror, repository, reference, image);
      assert.equal((await headManifest(mirror, repository, reference)).status, 200);
    }
  });
});

describe('an index', () => {
  const index = buildMultiPlatformImage();
  const [amd64, arm64] = index.children;

  test('of which no image is complete is answered with 503 while the upstream is down', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, index, { tags: ['3.20'] });
    await getManifest(mirror, repository, '3.20');
    await getManifest(mirror, repository, amd64?.manifest.digest ?? '');
    await hub.goDown();
    clock.advance(halfMinute);
    assertUnavailable(await getManifest(mirror, repository, '3.20'));
    assertUnavailable(await getManifest(mirror, repository, index.manifest.digest));
  });

  test('of which one image is complete is served, and the others are not, while it is down', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, index, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', index);
    await hub.goDown();
    clock.advance(halfMinute);
    await pullImage(mirror, repository, '3.20', index);
    assertUnavailable(await getManifest(mirror, repository, arm64?.manifest.digest ?? ''));
  });
});

test('no manifest is served that is followed by a blob that is not', async (t) => {
  const { clock, hub, mirror } = await startScene(t);
  hub.addImage(repository, image, { tags: ['3.20'] });
  hub.addImage(other, image, { tags: ['12'] });
  await pullImage(mirror, repository, '3.20', image);
  await headManifest(mirror, other, '12');
  await hub.goDown();
  clock.advance(halfMinute);
  for (const name of [repository, other]) {
    const { status } = await getManifest(mirror, name, digest);
    if (status !== 200) continue;
    for (const blob of image.blobs) {
      assert.equal((await getBlob(mirror, name, blob.digest)).status, 200);
    }
  }
});

describe('what counts as a use of a manifest', () => {
  for (const [how, request] of [
    ['a HEAD that is answered from what is held', headManifest],
    ['a GET that is', getManifest],
  ] as const) {
    for (const reference of ['3.20', digest]) {
      test(`${how} (${reference})`, async (t) => {
        const { clock, hub, mirror } = await startScene(t);
        hub.addImage(repository, image, { tags: ['3.20'] });
        await pullImage(mirror, repository, '3.20', image);
        const before = clock();
        clock.advance(1000);
        assert.equal(mirror.store.blobs.describe(digest)?.usedAt, before);
        await request(mirror, repository, reference);
        assert.equal(mirror.store.blobs.describe(digest)?.usedAt, clock());
      });
    }
  }

  test('not a HEAD that is refused', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    const before = clock();
    await mirror.store.blobs.remove([image.config.digest], 'size');
    await hub.goDown();
    clock.advance(hour / 2);
    assert.equal((await headManifest(mirror, repository, '3.20')).status, 503);
    assert.equal(mirror.store.blobs.describe(digest)?.usedAt, before);
  });
});
