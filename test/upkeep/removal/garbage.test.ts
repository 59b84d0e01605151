import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Digest } from '../../../src/registry/digest.ts';
import { repositoryKey } from '../../../src/store/catalog.ts';
import { buildImage, buildMultiPlatformImage } from '../../support/images.ts';
import { fillBlob, hasFile, uniqueBlob } from '../../store/testStore.ts';
import { digestsOf, heldOf, openUpkeep, type UpkeepScene } from '../upkeepScene.ts';

const hour = 3_600_000;
const day = 24 * hour;
const image = buildImage();
const { digest } = image.manifest;
const { digest: layer } = image.layers[0] ?? image.config;
const other = buildImage({ seed: 'other' });
const nothing = { tags: 0, memberships: 0, repositories: 0 };

/** Evicts blobs as a bound would: the catalog still has what it says of repositories. */
function evict({ blobs }: UpkeepScene, digests: readonly string[]): Promise<unknown> {
  return blobs.remove(digests as never, 'size');
}

async function memberships({ catalog }: UpkeepScene): Promise<number> {
  return (await Array.fromAsync(catalog.memberships.entries())).length;
}

test('a store in which everything is of use is left as it is, however old', async (t) => {
  const scene = await openUpkeep(t);
  const index = buildMultiPlatformImage();
  await scene.hold('alpine:3.20', image);
  await scene.hold('alpine:3.21', index);
  await scene.hold('debian', other);
  await scene.holdBlob('debian', uniqueBlob(100));
  scene.clock.advance(400 * day);
  const before = await memberships(scene);
  const collection = await scene.garbage.collect(false);
  assert.deepEqual(collection.entries, nothing);
  assert.deepEqual(collection.unreferenced, { count: 0, bytes: 0 });
  const all = [image, index, other].flatMap(digestsOf);
  assert.deepEqual(heldOf(scene, all), all);
  assert.equal(await memberships(scene), before);
});

describe('a tag', () => {
  test('goes when its manifest is not held and it may not be served any more', async (t) => {
    const scene = await openUpkeep(t);
    await scene.tag('alpine:3.20', image);
    scene.clock.advance(25 * hour);
    assert.equal((await scene.garbage.collect(false)).entries.tags, 0);
    scene.clock.advance(1);
    assert.deepEqual((await scene.garbage.collect(false)).entries, {
      ...nothing,
      tags: 1,
      memberships: 1,
    });
    assert.equal(await scene.isKnown('alpine:3.20'), false);
  });

  test('stays for what it stood for before, which is served offline', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine', other);
    const earlier = { digest: other.manifest.digest, checkedAt: 0 };
    await scene.tag('alpine:3.20', image, { earlier });
    scene.clock.advance(day * 30);
    assert.deepEqual((await scene.garbage.collect(false)).entries, nothing);
    assert.equal(await scene.isMember('alpine', digest), true);
  });

  test('of an upstream that is not configured any more goes when nothing of it is held', async (t) => {
    const scene = await openUpkeep(t);
    const entry = { digest, mediaType: image.manifest.mediaType, checkedAt: scene.clock() };
    const [held, absent] = [other.manifest.digest, digest];
    await scene.hold('alpine', other);
    for (const [key, one] of [
      ['quay.io/a/b:held', held],
      ['quay.io/a/b:absent', absent],
    ] as const) {
      await scene.catalog.tags.set(key, { ...entry, digest: one });
      await scene.catalog.memberships.set(`quay.io/a/b@${one}`, { generation: 0 });
    }
    assert.equal((await scene.garbage.collect(false)).entries.tags, 1);
    const tags = await Array.fromAsync(scene.catalog.tags.entries());
    assert.deepEqual(
      tags.map(([key]) => key),
      ['quay.io/a/b:held'],
    );
  });

  test('is not past its time by a clock that was set back', async (t) => {
    const scene = await openUpkeep(t);
    scene.clock.advance(30 * day);
    await scene.tag('alpine:3.20', image);
    scene.clock.advance(-29 * day);
    assert.deepEqual((await scene.garbage.collect(false)).entries, nothing);
  });
});

describe('a repository that its upstream said is gone', () => {
  test('loses its tags, memberships and blobs, but not what another one has', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', image);
    await scene.holdBlob('debian', image.config);
    await scene.memberships.forget(scene.repository('alpine'));
    scene.clock.advance(hour + 1);
    const all = digestsOf(image);
    const announced = await scene.garbage.collect(true);
    assert.deepEqual(heldOf(scene, all), all);
    const collection = await scene.garbage.collect(false);
    assert.deepEqual({ ...announced, dryRun: false }, collection);
    assert.deepEqual(collection.entries, { tags: 1, memberships: all.length, repositories: 0 });
    assert.equal(collection.unreferenced.count, all.length - 1);
    assert.deepEqual(heldOf(scene, all), [image.config.digest]);
    assert.equal(await hasFile(scene, digest), false);
    assert.ok(scene.evicted.every((eviction) => eviction.endsWith('unreferenced')));
  });

  test('keeps what was pulled after it came back', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', other);
    await scene.memberships.forget(scene.repository('alpine'));
    await scene.hold('alpine:3.20', image);
    scene.clock.advance(hour + 1);
    const { entries } = await scene.garbage.collect(false);
    assert.deepEqual(entries, { ...nothing, memberships: digestsOf(other).length });
    assert.deepEqual(heldOf(scene, digestsOf(image)), digestsOf(image));
    assert.equal(await scene.isKnown('alpine:3.20'), true);
  });

  test('stays known to be so for a day after it lost the last of what it had', async (t) => {
    const scene = await openUpkeep(t);
    const repository = scene.repository('alpine');
    await scene.hold('alpine:3.20', image);
    await scene.memberships.forget(repository);
    scene.clock.advance(day);
    assert.equal((await scene.garbage.collect(false)).entries.repositories, 0);
    assert.equal(await scene.memberships.generation(repository), 1);
    scene.clock.advance(1);
    assert.equal((await scene.garbage.collect(false)).entries.repositories, 1);
    assert.equal(await scene.memberships.generation(repository), 0);
  });

  test('stays known to be so as long as it has anything', async (t) => {
    const scene = await openUpkeep(t);
    await scene.memberships.forget(scene.repository('alpine'));
    await scene.hold('alpine', image);
    scene.clock.advance(30 * day);
    assert.deepEqual((await scene.garbage.collect(false)).entries, nothing);
    assert.equal(await scene.isMember('alpine', digest), true);
  });

  test('is dated by the first run where an earlier version did not do so', async (t) => {
    const scene = await openUpkeep(t);
    const key = repositoryKey(scene.repository('alpine'));
    await scene.catalog.repositories.set(key, { generation: 3 });
    await scene.garbage.collect(true);
    assert.equal((await scene.catalog.repositories.get(key))?.forgottenAt, undefined);
    await scene.garbage.collect(false);
    const forgottenAt = scene.clock();
    assert.deepEqual(await scene.catalog.repositories.get(key), { generation: 3, forgottenAt });
    scene.clock.advance(day + 1);
    assert.equal((await scene.garbage.collect(false)).entries.repositories, 1);
  });
});

test('what an empty repository was found to be is forgotten after a day', async (t) => {
  const scene = await openUpkeep(t);
  const key = repositoryKey(scene.repository('alpine'));
  const visibility = { isPublic: true, checkedAt: scene.clock() };
  await scene.catalog.repositories.set(key, { visibility });
  scene.clock.advance(day);
  assert.deepEqual((await scene.garbage.collect(false)).entries, nothing);
  scene.clock.advance(1);
  assert.equal((await scene.garbage.collect(false)).entries.repositories, 1);
});

describe('the membership of what was evicted', () => {
  test('stays while a held manifest of the repository names it', async (t) => {
    const scene = await openUpkeep(t);
    const index = buildMultiPlatformImage({ seed: 'index' });
    await scene.hold('alpine', image);
    await scene.hold('debian:12', index);
    const [child] = index.children;
    await evict(scene, [layer, ...digestsOf(child ?? image)]);
    scene.clock.advance(day);
    await scene.garbage.collect(false);
    assert.equal(await scene.isMember('alpine', layer), true);
    assert.equal(await scene.isMember('debian', child?.manifest.digest ?? digest), true);
  });

  test('goes with the manifest that named it, an hour after it was noted', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine', image);
    await scene.hold('debian', image);
    await evict(scene, [digest, layer]);
    scene.clock.advance(hour);
    assert.deepEqual((await scene.garbage.collect(false)).entries, nothing);
    scene.clock.advance(1);
    assert.equal((await scene.garbage.collect(false)).entries.memberships, 4);
    assert.equal(await scene.isMember('alpine', layer), false);
    assert.equal(await scene.isMember('alpine', image.config.digest), true);
  });

  test('stays when a pull brings it back while the garbage is collected', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine', image);
    await evict(scene, [digest]);
    scene.clock.advance(day);
    const pages = scene.catalog.memberships.pages.bind(scene.catalog.memberships);
    t.mock.method(scene.catalog.memberships, 'pages', async function* () {
      yield* pages();
      await scene.hold('alpine', image);
    });
    const { entries } = await scene.garbage.collect(false);
    assert.deepEqual(entries, nothing);
    assert.equal(await scene.isMember('alpine', digest), true);
  });
});

/** Holds an image that no repository has any more. */
async function unreferenced(scene: UpkeepScene): Promise<void> {
  await scene.hold('alpine', image);
  await scene.memberships.forget(scene.repository('alpine'));
}

describe('a blob that no repository has', () => {
  test('stays for an hour after it was stored or last used', async (t) => {
    const scene = await openUpkeep(t);
    await unreferenced(scene);
    scene.clock.advance(hour);
    scene.blobs.use(layer);
    assert.equal((await scene.garbage.collect(false)).unreferenced.count, 0);
    scene.clock.advance(1);
    await scene.garbage.collect(false);
    assert.deepEqual(heldOf(scene, digestsOf(image)), [layer]);
  });

  test('stays when it is used while the garbage is collected', async (t) => {
    const scene = await openUpkeep(t);
    await unreferenced(scene);
    scene.clock.advance(day);
    const pages = scene.catalog.memberships.pages.bind(scene.catalog.memberships);
    t.mock.method(scene.catalog.memberships, 'pages', async function* () {
      yield* pages();
      scene.blobs.use(layer);
    });
    await scene.garbage.collect(false);
    assert.deepEqual(heldOf(scene, digestsOf(image)), [layer]);
  });

  test('stays where the catalog that knew its repository was lost, until it is kept anew', async (t) => {
    const before = await openUpkeep(t);
    await before.hold('alpine', image);
    await before.close();
    await rm(before.layout.catalog);
    const { directory } = before.layout;
    const scene = await openUpkeep(t, { directory });
    // A machine without a clock of its own starts in 1970 and is told the time later.
    scene.clock.set(day);
    await scene.hold('debian', other);
    scene.clock.set(Date.now() + day);
    assert.equal((await scene.garbage.collect(false)).unreferenced.count, 0);
    assert.deepEqual(heldOf(scene, digestsOf(image)), digestsOf(image));
    await scene.blobs.put(digest, image.manifest.bytes, image.manifest.mediaType);
    scene.clock.advance(day);
    await scene.garbage.collect(false);
    assert.deepEqual(heldOf(scene, [digest, layer]), [layer]);
  });

  test('goes though the catalog knows of no repository at all', async (t) => {
    const scene = await openUpkeep(t);
    await scene.blobs.put(digest, image.manifest.bytes, image.manifest.mediaType);
    scene.clock.advance(day);
    await scene.garbage.collect(false);
    assert.deepEqual(heldOf(scene, [digest]), []);
  });

  test('stays when it is used while others are removed', async (t) => {
    const scene = await openUpkeep(t);
    const blobs = Array.from({ length: 90 }, () => uniqueBlob(10));
    for (const blob of blobs) await fillBlob(scene.blobs, blob);
    const last = blobs.at(-1)?.digest ?? digest;
    scene.clock.advance(day);
    const remove = scene.blobs.remove.bind(scene.blobs);
    t.mock.method(scene.blobs, 'remove', (digests: Digest[], reason: 'unreferenced') => {
      const removal = remove(digests, reason);
      scene.blobs.use(last);
      return removal;
    });
    await scene.garbage.collect(false);
    assert.deepEqual(
      [...scene.blobs.held()].map(([held]) => held),
      [last],
    );
  });
});

test('files that no entry is for are told with what no repository has', async (t) => {
  const scene = await openUpkeep(t);
  await scene.hold('alpine', image);
  const sweep = {
    unreferenced: { count: 2, bytes: 20 },
    temporary: { count: 1, bytes: 7 },
    quarantined: { count: 3, bytes: 9 },
    missing: [layer],
  };
  t.mock.method(scene.blobs, 'sweep', () => Promise.resolve(sweep));
  const collection = await scene.garbage.collect(false);
  assert.deepEqual(collection, { dryRun: false, ...sweep, entries: nothing });
});

test('two runs at a time come one after the other', async (t) => {
  const scene = await openUpkeep(t);
  await scene.tag('alpine:3.20', image);
  scene.clock.advance(2 * day);
  const runs = await Promise.all([scene.garbage.collect(false), scene.garbage.collect(false)]);
  assert.deepEqual(
    runs.map(({ entries }) => entries.tags),
    [1, 0],
  );
});
