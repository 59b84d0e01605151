import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildImage, buildMultiPlatformImage } from '../support/images.ts';
import { uniqueBlob } from '../store/testStore.ts';
import { digestsOf, heldOf, openUpkeep, type UpkeepScene } from './upkeepScene.ts';

const image = buildImage();
const other = buildImage({ seed: 'other' });

/** Evicts all that may go. */
function evictAll({ blobs }: UpkeepScene): Promise<unknown> {
  return blobs.evictIdle(Number.POSITIVE_INFINITY);
}

describe('a pinned tag', () => {
  test('is never evicted, and all else is', async (t) => {
    const scene = await openUpkeep(t);
    const index = buildMultiPlatformImage();
    await scene.hold('alpine:3.20', index);
    await scene.hold('alpine:edge', other);
    await scene.holdBlob('alpine', uniqueBlob(100));
    const report = await scene.pins(['alpine:3.*']).refresh();
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(index)), digestsOf(index));
    assert.deepEqual(heldOf(scene, digestsOf(other)), []);
    const { count, bytes } = scene.blobs;
    assert.deepEqual(report, { count, bytes, exceeds: false });
  });

  test('is pinned with what it stood for before, as long as that is kept', async (t) => {
    const scene = await openUpkeep(t);
    const pins = scene.pins(['alpine:3.20']);
    await scene.hold('alpine', image);
    const earlier = { digest: image.manifest.digest, checkedAt: 0 };
    await scene.hold('alpine:3.20', other, { earlier });
    await pins.refresh();
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(image)), digestsOf(image));
    await scene.tag('alpine:3.20', other);
    await pins.refresh();
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(image)), []);
    assert.deepEqual(heldOf(scene, digestsOf(other)), digestsOf(other));
  });

  test('is followed to what it stands for now', async (t) => {
    const scene = await openUpkeep(t);
    const pins = scene.pins(['alpine:3.20']);
    await scene.hold('alpine:3.20', image);
    await pins.refresh();
    await scene.hold('alpine:3.20', other);
    const { count } = await pins.refresh();
    assert.equal(count, digestsOf(other).length);
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(image)), []);
    assert.deepEqual(heldOf(scene, digestsOf(other)), digestsOf(other));
  });

  test('holds on to the parts that come in later', async (t) => {
    const scene = await openUpkeep(t);
    const pins = scene.pins(['alpine:3.20']);
    const index = buildMultiPlatformImage();
    await scene.tag('alpine:3.20', index);
    assert.equal((await pins.refresh()).count, 0);
    await scene.hold('alpine', index);
    await pins.refresh();
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(index)), digestsOf(index));
  });

  test('may be evicted when it is gone', async (t) => {
    const scene = await openUpkeep(t);
    const pins = scene.pins(['alpine:3.20']);
    await scene.hold('alpine:3.20', image);
    await pins.refresh();
    await scene.catalog.tags.delete('docker.io/library/alpine:3.20');
    assert.equal((await pins.refresh()).count, 0);
    await evictAll(scene);
    assert.equal(scene.blobs.count, 0);
  });
});

describe('a pinned repository', () => {
  test('keeps what its tags stand for, and nothing else', async (t) => {
    const scene = await openUpkeep(t);
    const loose = uniqueBlob(100);
    await scene.hold('acme/app:1', image);
    await scene.hold('acme/app', other);
    await scene.holdBlob('acme/app', loose);
    await scene.pins(['acme/**']).refresh();
    await evictAll(scene);
    const all = [...digestsOf(image), ...digestsOf(other), loose.digest];
    assert.deepEqual(heldOf(scene, all), digestsOf(image));
  });
});

describe('a pattern for every digest of a repository', () => {
  test('keeps all its images, and no blob outside of them', async (t) => {
    const scene = await openUpkeep(t);
    const loose = uniqueBlob(100);
    await scene.hold('acme/app:1', image);
    await scene.hold('acme/app', other);
    await scene.holdBlob('acme/app', loose);
    await scene.pins(['acme/**@*']).refresh();
    await evictAll(scene);
    const all = [...digestsOf(image), ...digestsOf(other)];
    assert.deepEqual(heldOf(scene, [...all, loose.digest]), all);
  });

  test('keeps what is pulled by digest later', async (t) => {
    const scene = await openUpkeep(t);
    const pins = scene.pins(['acme/**@*']);
    await scene.hold('acme/app:1', image);
    await pins.refresh();
    await scene.hold('acme/app', other);
    await pins.refresh();
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(other)), digestsOf(other));
  });

  test('keeps what it came to have without a manifest being fetched, some minutes later', async (t) => {
    const scene = await openUpkeep(t);
    const pins = scene.pins(['acme/**@*']);
    await scene.hold('alpine', image);
    await pins.refresh();
    await scene.hold('acme/app', image);
    for (let refreshes = 0; refreshes < 60; refreshes += 1) await pins.refresh();
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(image)), digestsOf(image));
  });
});

test('a pinned digest is kept, and not what else its repository has', async (t) => {
  const scene = await openUpkeep(t);
  await scene.hold('acme/app', image);
  await scene.hold('acme/app', other);
  await scene.pins([`acme/app@${image.manifest.digest}`]).refresh();
  await evictAll(scene);
  assert.deepEqual(heldOf(scene, [...digestsOf(image), ...digestsOf(other)]), digestsOf(image));
});

test('without patterns nothing is looked at', async (t) => {
  const scene = await openUpkeep(t);
  await scene.hold('alpine:3.20', image);
  const pages = t.mock.method(scene.catalog.tags, 'pages');
  assert.deepEqual(await scene.pins([]).refresh(), { count: 0, bytes: 0, exceeds: false });
  assert.equal(pages.mock.callCount(), 0);
});

test('pins that are more than the cache may hold are told', async (t) => {
  const scene = await openUpkeep(t);
  await scene.hold('alpine:3.20', image);
  const { bytes } = scene.blobs;
  assert.equal((await scene.pins(['alpine'], bytes).refresh()).exceeds, false);
  assert.equal((await scene.pins(['alpine'], bytes - 1).refresh()).exceeds, true);
});

test('what was found once is not read again', async (t) => {
  const scene = await openUpkeep(t);
  const pins = scene.pins(['alpine', 'acme/**@*']);
  await scene.hold('alpine:3.20', image);
  await pins.refresh();
  const peek = t.mock.method(scene.blobs, 'peek');
  const pages = t.mock.method(scene.catalog.memberships, 'pages');
  const pin = t.mock.method(scene.blobs, 'pin');
  await pins.refresh();
  const calls = [peek, pages, pin].map(({ mock }) => mock.callCount());
  assert.deepEqual(calls, [0, 0, 0]);
});
