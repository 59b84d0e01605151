import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { MirroredRepository } from '../../src/mirror/mirroredUpstream.ts';
import { findRepository } from '../../src/mirror/repositoryLookup.ts';
import type { Tag } from '../../src/registry/reference.ts';
import { personalAccount } from '../support/hub/accounts.ts';
import { buildImage } from '../support/images.ts';
import { getBlob, getManifest, pullImage } from './pulls.ts';
import { startScene, type Scene, type SceneOptions } from './scene.ts';

const repository = 'library/alpine';
const tag = '3.20';
const hour = 3_600_000;
const account = { name: personalAccount.username, secret: personalAccount.password };
const image = buildImage();
const { manifest, config } = image;
const references = [tag, manifest.digest];

/** An image of which all is held, and that was asked for once more, so that all of it is known in memory. */
async function startWarm(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const scene = await startScene(t, options);
  scene.hub.addImage(repository, image, { tags: [tag] });
  for (let pull = 0; pull < 2; pull += 1) await pullImage(scene.mirror, repository, tag, image);
  for (const reference of references) await getManifest(scene.mirror, repository, reference);
  assert.deepEqual(recalled(scene), [true, true, true]);
  return scene;
}

/** Whether the manifest by tag, the manifest by digest and the config are answered without looking anything up. */
function recalled({ mirror: { mirror } }: Scene): boolean[] {
  const found = findRepository(mirror.upstreams, ['alpine'], undefined);
  const shown = mirror.visibility.recall(found);
  const isKnown = (ask: (whose: MirroredRepository) => unknown): boolean =>
    shown !== undefined && ask(shown) !== undefined;
  return [
    isKnown((whose) => mirror.manifests.recall(whose, { kind: 'tag', tag: tag as Tag })),
    isKnown((whose) => mirror.manifests.recall(whose, { kind: 'digest', digest: manifest.digest })),
    isKnown((whose) => mirror.blobs.recall(whose, config.digest)),
  ];
}

describe('a hit that is answered from memory', () => {
  test('is what was fetched, and asks the upstream nothing', async (t) => {
    const { hub, mirror } = await startWarm(t);
    hub.forget();
    for (const reference of references) {
      const answer = await getManifest(mirror, repository, reference);
      assert.deepEqual(answer.bytes, manifest.bytes);
      assert.equal(answer.headers['x-cache'], 'hit');
      assert.equal(answer.headers['docker-content-digest'], manifest.digest);
    }
    assert.equal((await getBlob(mirror, repository, config.digest)).headers['x-cache'], 'hit');
    assert.deepEqual(hub.requests, []);
  });

  test('counts as a use, as any other does', async (t) => {
    const { clock, mirror } = await startWarm(t);
    clock.advance(60_000);
    await getManifest(mirror, repository, tag);
    await getBlob(mirror, repository, config.digest);
    for (const digest of [manifest.digest, config.digest]) {
      assert.equal(mirror.store.blobs.describe(digest)?.usedAt, clock());
    }
  });

  test('of a manifest ends with any blob of the image that goes', async (t) => {
    const scene = await startWarm(t);
    await scene.hub.goDown();
    await scene.mirror.store.blobs.remove([config.digest], 'purge');
    assert.deepEqual(recalled(scene), [false, false, false]);
    // A failure, so that the upstream is known to be away.
    assert.equal((await getBlob(scene.mirror, repository, config.digest)).status, 503);
    for (const reference of references) {
      assert.equal((await getManifest(scene.mirror, repository, reference)).status, 503);
    }
  });

  test('ends when the upstream says that the repository is gone', async (t) => {
    const scene = await startWarm(t, { tagFreshness: hour });
    const { mirror } = scene.mirror;
    const found = findRepository(mirror.upstreams, ['alpine'], undefined);
    await scene.mirror.store.catalog.repositories.update(
      `${found.host}/${repository}`,
      (known) => ({
        ...known,
        generation: (known?.generation ?? 0) + 1,
      }),
    );
    assert.deepEqual(recalled(scene), [false, false, false]);
  });

  test('ends when the catalog is told that the repository does not have a blob of it', async (t) => {
    const scene = await startWarm(t);
    const { memberships } = scene.mirror.store.catalog;
    await memberships.delete(`docker.io/${repository}@${config.digest}`);
    assert.deepEqual(recalled(scene), [false, false, false]);
  });

  test('by tag ends with the freshness of the tag', async (t) => {
    const scene = await startWarm(t, { tagFreshness: hour });
    scene.clock.advance(hour - 1);
    assert.deepEqual(recalled(scene), [true, true, true]);
    scene.clock.advance(1);
    assert.deepEqual(recalled(scene), [false, true, true]);
  });

  test('ends when it has to be asked again whether the repository is public', async (t) => {
    const scene = await startWarm(t, { account, tagFreshness: 24 * hour });
    scene.clock.advance(hour);
    assert.deepEqual(recalled(scene), [false, false, false]);
  });
});
