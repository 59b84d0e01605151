import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Arrivals } from '../../../src/upkeep/arrivals.ts';
import { Garbage } from '../../../src/upkeep/removal/garbage.ts';
import { Housekeeping } from '../../../src/upkeep/housekeeping.ts';
import { ImageGraph } from '../../../src/upkeep/imageGraph.ts';
import { ImageSelector } from '../../../src/upkeep/imageSelector.ts';
import { PinnedImages, type PinReport } from '../../../src/upkeep/removal/pins.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { buildImage, buildMultiPlatformImage, type ImageContent } from '../../support/images.ts';
import type { TestMirror } from '../../support/testMirror.ts';
import { uniqueBlob } from '../../store/testStore.ts';
import { digestsOf, heldOf, openUpkeep, type UpkeepScene } from '../upkeepScene.ts';
import { reasonsIn, startWarmScene } from '../warming/warmScene.ts';

const mebibyte = 1024 * 1024;
const image = buildImage();
const other = buildImage({ seed: 'other' });

/** Puts of an image its own manifest into the store, and nothing else. */
async function putManifest({ blobs }: UpkeepScene, { manifest }: ImageContent): Promise<void> {
  await blobs.put(manifest.digest, manifest.bytes, manifest.mediaType);
}

function bytesOf({ manifest, blobs }: ImageContent): number {
  return blobs.reduce((sum, { size }) => sum + size, manifest.bytes.length);
}

/** What keeps house for the store of a mirror; tells when pins exceed it. */
function housekeepingOf(
  { mirror, store }: TestMirror,
  patterns: readonly string[],
  now: () => number,
  told: PinReport[],
): Housekeeping {
  const selector = new ImageSelector(mirror.upstreams);
  const graph = new ImageGraph(store.blobs);
  const pins = new PinnedImages({
    store,
    graph,
    patterns: patterns.map((one) => selector.pattern(one)),
  });
  return new Housekeeping({
    blobs: store.blobs,
    pins,
    garbage: new Garbage({
      store,
      graph,
      upstreams: mirror.upstreams,
      arrivals: new Arrivals(),
      now,
    }),
    maxIdle: undefined,
    now,
    observer: { failed: assert.ifError, pinsExceed: (report) => told.push(report) },
  });
}

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
    const { room: _, ...report } = await scene.pins(['alpine:3.*']).refresh();
    await evictAll(scene);
    assert.deepEqual(heldOf(scene, digestsOf(index)), digestsOf(index));
    assert.deepEqual(heldOf(scene, digestsOf(other)), []);
    const { count, bytes } = scene.blobs;
    assert.deepEqual(report, { count, bytes, needed: bytes, exceeds: false });
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
  const { count, bytes, needed, exceeds } = await scene.pins([]).refresh();
  assert.deepEqual([count, bytes, needed, exceeds], [0, 0, 0, false]);
  assert.equal(pages.mock.callCount(), 0);
});

describe('what pinned images need', () => {
  test('is all that their manifests name, held or not, and each part once', async (t) => {
    const scene = await openUpkeep(t);
    const pins = scene.pins(['alpine']);
    await putManifest(scene, image);
    await scene.tag('alpine:3.20', image);
    await scene.tag('alpine:3', image);
    const { bytes, needed } = await pins.refresh();
    assert.deepEqual([bytes, needed], [image.manifest.bytes.length, bytesOf(image)]);
    await scene.hold('alpine:3.20', image);
    const whole = await pins.refresh();
    assert.deepEqual([whole.bytes, whole.needed], [bytesOf(image), bytesOf(image)]);
  });

  test('is of an index what was pulled of it', async (t) => {
    const scene = await openUpkeep(t);
    const index = buildMultiPlatformImage();
    const [pulled] = index.children;
    assert.ok(pulled !== undefined);
    await putManifest(scene, index);
    await putManifest(scene, pulled);
    await scene.tag('alpine:3.20', index);
    const pins = scene.pins(['alpine']);
    const { needed } = await pins.refresh();
    assert.equal(needed, index.manifest.bytes.length + bytesOf(pulled));
    await scene.blobs.remove([pulled.manifest.digest], 'purge');
    assert.equal((await pins.refresh()).needed, index.manifest.bytes.length);
  });

  test('may be just as much as there is room for', async (t) => {
    const needed = bytesOf(image);
    for (const maxSize of [needed, needed - 1]) {
      const scene = await openUpkeep(t, { maxSize });
      await putManifest(scene, image);
      await scene.tag('alpine:3.20', image);
      const report = await scene.pins(['alpine']).refresh();
      const { bytes } = scene.blobs;
      assert.deepEqual(report, {
        count: 1,
        bytes,
        needed,
        room: maxSize,
        exceeds: maxSize < needed,
      });
    }
  });

  test('is also more than there is room for where the disk has too little', async (t) => {
    const scene = await openUpkeep(t, { minFree: 1000 });
    await putManifest(scene, image);
    await scene.tag('alpine:3.20', image);
    const { bytes } = scene.blobs;
    t.mock.method(scene.blobs, 'freeBytes', async () => 1010);
    const { exceeds, room } = await scene.pins(['alpine']).refresh();
    assert.deepEqual([exceeds, room], [true, bytes + 10]);
  });

  test('is told when more of it is warmed than there is room for', async (t) => {
    const { clock, hub, mirror, warm } = await startWarmScene(t, { maxSize: 2 * mebibyte });
    const told: PinReport[] = [];
    const housekeeping = housekeepingOf(mirror, ['acme/**'], clock, told);
    for (const seed of ['one', 'two']) {
      const layers = [0, 1, 2].map((each) => generatedBlob({ size: 400_000, seed: seed + each }));
      hub.addImage(`acme/${seed}`, buildImage({ seed, layers }), { tags: ['1'] });
    }
    await warm(['acme/one:1']);
    await housekeeping.round();
    assert.deepEqual(told, []);
    assert.match(reasonsIn(await warm(['acme/two:1']))[0] ?? '', /no room/);
    await housekeeping.round();
    await housekeeping.round();
    assert.equal(told.length, 1);
    const [{ bytes, needed, room } = assert.fail()] = told;
    assert.ok(bytes <= room && needed > 2_400_000);
    assert.equal(room, 2 * mebibyte);
  });
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
