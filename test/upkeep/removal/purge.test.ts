import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UpkeepError } from '../../../src/upkeep/upkeepError.ts';
import { fixedBlob } from '../../support/blobContent.ts';
import { buildImage, buildIndex, buildMultiPlatformImage } from '../../support/images.ts';
import { digestsOf, heldOf, openUpkeep, type UpkeepScene } from '../upkeepScene.ts';
import { hasFile, uniqueBlob } from '../../store/testStore.ts';

const shared = fixedBlob('a layer that two images have');
const one = buildImage({ seed: 'one', layers: [shared, fixedBlob('of one')] });
const other = buildImage({ seed: 'other', layers: [shared, fixedBlob('of other')] });
const own = digestsOf(one).filter((digest) => digest !== shared.digest);

function bytesOf({ blobs }: UpkeepScene, digests: readonly string[]): number {
  return digests.reduce((sum, digest) => sum + (blobs.describe(digest as never)?.size ?? 0), 0);
}

describe('to purge a tag', () => {
  test('removes it, its right to be served and its blobs, and nothing of other images', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    await scene.hold('debian:12', other);
    const bytes = bytesOf(scene, own);
    const removal = await scene.purge.purge(['alpine:3.20'], false);
    assert.deepEqual(removal, {
      dryRun: false,
      images: ['docker.io/library/alpine:3.20'],
      unmatched: [],
      blobs: own.length,
      bytes,
      keptBytes: shared.size,
    });
    assert.deepEqual(heldOf(scene, digestsOf(one)), [shared.digest]);
    assert.deepEqual(heldOf(scene, digestsOf(other)), digestsOf(other));
    assert.equal(await scene.isKnown('alpine:3.20'), false);
    for (const digest of digestsOf(one))
      assert.equal(await scene.isMember('alpine', digest), false);
    for (const digest of own) assert.equal(await hasFile(scene, digest), false);
    assert.equal(await scene.isMember('debian', shared.digest), true);
  });

  test('changes nothing in a dry run, which tells the same numbers', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    await scene.hold('alpine:3.21', other);
    await scene.holdBlob('debian', uniqueBlob(100));
    const announced = await scene.purge.purge(['alpine:3.20', 'debian', 'nothing'], true);
    assert.deepEqual(heldOf(scene, digestsOf(one)), digestsOf(one));
    assert.equal(await scene.isKnown('alpine:3.20'), true);
    for (const digest of digestsOf(one)) assert.equal(await scene.isMember('alpine', digest), true);
    const done = await scene.purge.purge(['alpine:3.20', 'debian', 'nothing'], false);
    assert.deepEqual({ ...announced, dryRun: false }, done);
    assert.deepEqual([done.blobs, done.unmatched], [own.length + 1, ['nothing']]);
  });

  test('leaves the image to another tag that stands for it', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    await scene.hold('alpine:latest', one);
    const removal = await scene.purge.purge(['alpine:3.20'], false);
    assert.deepEqual([removal.blobs, removal.keptBytes], [0, bytesOf(scene, digestsOf(one))]);
    for (const digest of digestsOf(one)) assert.equal(await scene.isMember('alpine', digest), true);
    assert.equal(await scene.isKnown('alpine:latest'), true);
  });

  test('leaves an image to one that it is in, and the same to a pull by digest', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:one', one);
    await scene.hold('alpine:both', buildIndex([one, other]));
    await scene.purge.purge(['alpine:one'], false);
    assert.deepEqual(heldOf(scene, digestsOf(one)), digestsOf(one));
    await scene.hold('debian:12', other);
    await scene.hold('debian', one);
    await scene.purge.purge(['debian:12'], false);
    assert.equal(await scene.isMember('debian', shared.digest), true);
  });

  test('takes all platforms of an index along', async (t) => {
    const scene = await openUpkeep(t);
    const index = buildMultiPlatformImage();
    await scene.hold('alpine:3.20', index);
    await scene.purge.purge(['alpine:3.20'], false);
    assert.deepEqual(heldOf(scene, digestsOf(index)), []);
  });

  test('takes along what it stood for before', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine', one);
    await scene.hold('alpine:3.20', other, {
      earlier: { digest: one.manifest.digest, checkedAt: 0 },
    });
    const { images } = await scene.purge.purge(['alpine:3.20'], false);
    assert.deepEqual(images, ['docker.io/library/alpine:3.20']);
    assert.deepEqual(heldOf(scene, [...digestsOf(one), ...digestsOf(other)]), []);
  });

  test('leaves what another tag stood for before', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:old', one);
    await scene.hold('alpine:new', other, {
      earlier: { digest: one.manifest.digest, checkedAt: 0 },
    });
    await scene.purge.purge(['alpine:old'], false);
    assert.deepEqual(heldOf(scene, digestsOf(one)), digestsOf(one));
  });

  test('removes a pinned image: it was asked for', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    await scene.pins(['alpine']).refresh();
    await scene.purge.purge(['alpine:3.20'], false);
    assert.deepEqual(heldOf(scene, digestsOf(one)), []);
  });

  test('removes one whose manifest is not held', async (t) => {
    const scene = await openUpkeep(t);
    await scene.tag('alpine:3.20', one);
    const { images, blobs } = await scene.purge.purge(['alpine:3.20'], false);
    assert.deepEqual([images, blobs], [['docker.io/library/alpine:3.20'], 0]);
    assert.equal(await scene.isKnown('alpine:3.20'), false);
  });
});

describe('to purge a digest', () => {
  test('removes an image without a tag', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine', one);
    const name = `docker.io/library/alpine@${one.manifest.digest}`;
    const { images } = await scene.purge.purge([name], false);
    assert.deepEqual(images, [name]);
    assert.deepEqual(heldOf(scene, digestsOf(one)), []);
  });

  test('removes the tags that stand for it too', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    await scene.hold('alpine:latest', one);
    const { images } = await scene.purge.purge([`alpine@${one.manifest.digest}`], false);
    assert.deepEqual(images, ['docker.io/library/alpine:3.20', 'docker.io/library/alpine:latest']);
    assert.deepEqual(heldOf(scene, digestsOf(one)), []);
  });

  test('leaves a tag that stood for it before, without it', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine', one);
    await scene.hold('alpine:3.20', other, {
      earlier: { digest: one.manifest.digest, checkedAt: 0 },
    });
    const name = `docker.io/library/alpine@${one.manifest.digest}`;
    const { images } = await scene.purge.purge([name], false);
    assert.deepEqual(images, [name]);
    const entry = await scene.catalog.tags.get('docker.io/library/alpine:3.20');
    assert.deepEqual([entry?.digest, entry?.earlier], [other.manifest.digest, undefined]);
    assert.deepEqual(heldOf(scene, digestsOf(one)), [shared.digest]);
  });

  test('removes it from that repository alone', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    await scene.hold('debian:12', one);
    const { blobs } = await scene.purge.purge([`alpine@${one.manifest.digest}`], false);
    assert.equal(blobs, 0);
    assert.equal(await scene.isMember('alpine', shared.digest), false);
    assert.equal(await scene.isMember('debian', shared.digest), true);
  });
});

describe('to purge a repository', () => {
  test('removes all that only it has, images or not', async (t) => {
    const scene = await openUpkeep(t);
    const [loose, looseToo] = [uniqueBlob(50), uniqueBlob(60)];
    await scene.hold('alpine:3.20', one);
    await scene.hold('alpine', other);
    await scene.holdBlob('alpine', loose);
    await scene.holdBlob('alpine', looseToo);
    await scene.holdBlob('debian', looseToo);
    const removal = await scene.purge.purge(['alpine'], false);
    assert.deepEqual(removal.images, [
      'docker.io/library/alpine:3.20',
      `docker.io/library/alpine@${other.manifest.digest}`,
    ]);
    assert.deepEqual(heldOf(scene, [...digestsOf(one), ...digestsOf(other)]), []);
    assert.deepEqual(heldOf(scene, [loose.digest, looseToo.digest]), [looseToo.digest]);
    assert.equal(await scene.isMember('alpine', looseToo.digest), false);
  });

  test('removes what it had before its upstream said that it is gone', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    await scene.memberships.forget(scene.repository('alpine'));
    const removal = await scene.purge.purge(['alpine'], false);
    assert.deepEqual([removal.images, removal.unmatched], [[], []]);
    assert.deepEqual(heldOf(scene, digestsOf(one)), []);
    assert.equal(await scene.isKnown('alpine:3.20'), false);
    assert.deepEqual(await Array.fromAsync(scene.catalog.memberships.entries()), []);
  });

  test('leaves its generation, so that what is on its way still does not count', async (t) => {
    const scene = await openUpkeep(t);
    const repository = scene.repository('alpine');
    await scene.hold('alpine:3.20', one);
    await scene.memberships.forget(repository);
    await scene.purge.purge(['alpine'], false);
    await scene.memberships.add(repository, [shared.digest], 0);
    assert.equal(await scene.isMember('alpine', shared.digest), false);
  });

  test('by a glob means every repository that is like it, on its own upstream', async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('acme/app:1', one);
    await scene.hold('acme/web:1', other);
    await scene.hold('ghcr.io/acme/app:1', one);
    const { images } = await scene.purge.purge(['acme/*', 'quay.io/*'], false);
    assert.deepEqual(images.toSorted(), ['docker.io/acme/app:1', 'docker.io/acme/web:1']);
    assert.deepEqual(heldOf(scene, digestsOf(one)), digestsOf(one));
    assert.equal(await scene.isMember('ghcr.io/acme/app', shared.digest), true);
  });
});

test('a pattern by which nothing is found is told as it was written', async (t) => {
  const scene = await openUpkeep(t);
  await scene.hold('alpine:3.20', one);
  const patterns = ['alpine:3.*', 'alpine:3.2[1-9]', 'quay.io/a/b'];
  const removal = await scene.purge.purge(patterns, false);
  assert.deepEqual(removal.unmatched, ['alpine:3.2[1-9]', 'quay.io/a/b']);
});

test('what is no pattern is refused before anything is removed', async (t) => {
  const scene = await openUpkeep(t);
  await scene.hold('alpine:3.20', one);
  await assert.rejects(scene.purge.purge(['alpine:3.20', '//'], false), UpkeepError);
  assert.equal(await scene.isKnown('alpine:3.20'), true);
});

const fail = (): Promise<never> => Promise.reject(new Error('killed'));

for (const step of ['tags', 'memberships', 'contents'] as const) {
  test(`a purge that ends after the ${step} leaves no name for nothing`, async (t) => {
    const scene = await openUpkeep(t);
    await scene.hold('alpine:3.20', one);
    const { catalog, blobs } = scene;
    if (step === 'tags') t.mock.method(catalog.memberships, 'deleteMany', fail);
    if (step === 'memberships') t.mock.method(blobs, 'remove', fail);
    await scene.purge.purge(['alpine:3.20'], false).catch(() => undefined);
    assert.equal(await scene.isKnown('alpine:3.20'), false);
    const isMember = await scene.isMember('alpine', one.manifest.digest);
    const held = heldOf(scene, digestsOf(one));
    assert.ok(!isMember || held.length === digestsOf(one).length);
    t.mock.restoreAll();
    await scene.purge.purge(['alpine'], false);
    const after = heldOf(scene, digestsOf(one));
    assert.deepEqual(after, step === 'memberships' ? digestsOf(one) : []);
  });
}
