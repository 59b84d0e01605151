import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '../../src/registry/digest.ts';
import { ImageGraph } from '../../src/upkeep/imageGraph.ts';
import { ImageSelector } from '../../src/upkeep/imageSelector.ts';
import { Purge } from '../../src/upkeep/removal/purge.ts';
import { blobBytes, generatedBlob } from '../support/blobContent.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import type { TestMirror } from '../support/testMirror.ts';
import {
  ask,
  blobPath,
  filled,
  getManifest,
  manifestPath,
  pullImage,
  type Answer,
} from './pulls.ts';
import { startScene, type Scene } from './scene.ts';

const repository = 'library/alpine';
const tag = '3.20';
/** Too large to be answered from memory. */
const layer = generatedBlob({ size: 1024 * 1024, seed: 'a layer' });
const image = buildImage({ layers: [layer] });
const { digest } = image.manifest;

const contents: Readonly<Record<string, { digest: Digest; path: string; bytes: Buffer }>> = {
  'a layer': {
    digest: layer.digest,
    path: blobPath(repository, layer.digest),
    bytes: blobBytes(layer),
  },
  'a config': {
    digest: image.config.digest,
    path: blobPath(repository, image.config.digest),
    bytes: blobBytes(image.config),
  },
  'a manifest by its tag': {
    digest,
    path: manifestPath(repository, tag),
    bytes: image.manifest.bytes,
  },
  'a manifest by its digest': {
    digest,
    path: manifestPath(repository, digest),
    bytes: image.manifest.bytes,
  },
};

/** A mirror that has pulled the image, of which these are evicted. */
async function startWithout(t: Lifetime, evicted: readonly Digest[]): Promise<Scene> {
  const scene = await startScene(t);
  scene.hub.addImage(repository, image, { tags: [tag] });
  await pullImage(scene.mirror, repository, tag, image);
  await scene.mirror.store.blobs.remove(evicted, 'size');
  return scene;
}

function isHeld({ store }: TestMirror, held: Digest): boolean {
  return store.blobs.describe(held) !== undefined;
}

function assertUnavailable({ status, headers }: Answer): void {
  assert.equal(status, 503);
  assert.ok(Number(headers['retry-after']) > 0);
}

for (const [what, content] of Object.entries(contents)) {
  describe(`${what} that was evicted`, () => {
    test('is a miss, and held again after it', async (t) => {
      const { mirror } = await startWithout(t, [content.digest]);
      const answer = await ask(mirror, content.path);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['x-cache'], 'miss');
      assert.ok(answer.bytes.equals(content.bytes));
      await filled(mirror, content.digest);
      assert.equal(isHeld(mirror, content.digest), true);
      assert.equal((await ask(mirror, content.path)).headers['x-cache'], 'hit');
    });

    test('is described by HEAD', async (t) => {
      const { mirror } = await startWithout(t, [content.digest]);
      const { status, headers } = await ask(mirror, content.path, { method: 'HEAD' });
      assert.equal(status, 200);
      assert.equal(headers['docker-content-digest'], content.digest);
      assert.equal(headers['content-length'], String(content.bytes.length));
    });

    test('is refused while the upstream is down, by GET and by HEAD', async (t) => {
      const { clock, hub, mirror } = await startWithout(t, [content.digest]);
      await hub.goDown();
      clock.advance(10_000);
      assertUnavailable(await ask(mirror, content.path));
      assertUnavailable(await ask(mirror, content.path, { method: 'HEAD' }));
    });
  });
}

describe('an image of which a layer was evicted', () => {
  for (const reference of [tag, digest]) {
    test(`is refused while the upstream is down, though its manifest is held (${reference})`, async (t) => {
      const { clock, hub, mirror } = await startWithout(t, [layer.digest]);
      await hub.goDown();
      clock.advance(10_000);
      assertUnavailable(await getManifest(mirror, repository, reference));
      assert.equal(isHeld(mirror, digest), true);
    });
  }

  test('is pulled with one request for that layer', async (t) => {
    const { hub, mirror } = await startWithout(t, [layer.digest]);
    hub.forget();
    await pullImage(mirror, repository, tag, image);
    assert.equal(hub.count({ operation: 'cdn_get' }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });
});

test('a client that reads a blob while it is evicted gets all of it', async (t) => {
  const { hub, mirror } = await startWithout(t, []);
  const source = await mirror.store.blobs.open(layer.digest);
  assert.ok(source);
  await mirror.store.blobs.remove([layer.digest], 'size');
  hub.forget();
  assert.equal(isHeld(mirror, layer.digest), false);
  const buffer = Buffer.alloc(layer.size);
  let length = 0;
  while (length < layer.size) length += await source.read(buffer, length);
  await source.close();
  assert.ok(buffer.equals(blobBytes(layer)));
});

function purge({ mirror, store }: TestMirror, pattern: string) {
  const { blobs } = store;
  const selector = new ImageSelector(mirror.upstreams);
  return new Purge({ store, graph: new ImageGraph(blobs), selector }).purge([pattern], false);
}

describe('an image that was purged under a running mirror', () => {
  for (const pattern of [`alpine:${tag}`, `alpine@${digest}`, 'alpine', '**']) {
    test(`by ${pattern} is pulled anew`, async (t) => {
      const { hub, mirror } = await startWithout(t, []);
      const { blobs, images } = await purge(mirror, pattern);
      assert.deepEqual([blobs, images], [3, [`docker.io/${repository}:${tag}`]]);
      assert.equal(mirror.store.blobs.count, 0);
      await pullImage(mirror, repository, tag, image);
      hub.forget();
      await pullImage(mirror, repository, tag, image);
      assert.deepEqual(hub.requests, []);
    });
  }

  test('while clients pull it does not fail them', async (t) => {
    const { mirror } = await startWithout(t, []);
    const pulls = Array.from({ length: 5 }, () => pullImage(mirror, repository, tag, image));
    await Promise.all([...pulls, purge(mirror, 'alpine'), purge(mirror, `alpine:${tag}`)]);
    await pullImage(mirror, repository, tag, image);
  });
});
