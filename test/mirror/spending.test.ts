import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { personalAccount } from '../support/hub/accounts.ts';
import type { FaultHandle, FaultStage } from '../support/hub/faults.ts';
import { plainClient } from '../support/hub/plainClient.ts';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  buildMultiPlatformImage,
  type ImageContent,
} from '../support/images.ts';
import type { TestMirror } from '../support/testMirror.ts';
import { ask, getManifest, headManifest, pullImage } from './pulls.ts';
import { startScene, type Scene, type SceneOptions } from './scene.ts';

/** What something cost. */
interface Cost {
  /** Pulls that the Hub took off the account's limit. */
  readonly pulls: number;
  /** Manifest GETs, also those that found nothing. */
  readonly gets: number;
  /** Manifest HEADs, which are free. */
  readonly heads: number;
}

const repository = 'library/alpine';
const tag = '3.20';
const hour = 3_600_000;
const absentFreshness = 10_000;
const nothing: Cost = { pulls: 0, gets: 0, heads: 0 };
const index = buildMultiPlatformImage();
const [amd64, arm64] = index.children;
assert.ok(amd64 !== undefined && arm64 !== undefined);

/** A mirror with an account of which the Hub counts the pulls. */
function startCounted(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const account = { name: personalAccount.username, secret: personalAccount.password };
  // Who asks without an account asks for nothing that is counted here.
  return startScene(t, { account, privateAccess: 'allow', absentFreshness, ...options });
}

/** Does something and says what it cost. */
async function costOf({ hub }: Scene, work: () => Promise<unknown>): Promise<Cost> {
  const before = await pullsLeft(hub);
  hub.forget();
  await work();
  const gets = answered(hub, 'manifest_get');
  const heads = answered(hub, 'manifest_head');
  return { pulls: before - (await pullsLeft(hub)), gets, heads };
}

/** The first request of all is refused with the challenge that tells where tokens are had. */
function answered(hub: Scene['hub'], operation: 'manifest_get' | 'manifest_head'): number {
  return hub.count((request) => request.operation === operation && request.status !== 401);
}

/** Holds back what is asked of the repository until it is released. */
function hold({ hub }: Scene, ...at: FaultStage[]): FaultHandle {
  return hub.fault({
    at,
    delayHeaders: 'hold',
    when: (request) => request.repository === repository,
  });
}

/** What the Hub says is left to the account, by a HEAD. */
async function pullsLeft(hub: Scene['hub']): Promise<number> {
  hub.addImage('test/probe', buildImage({ seed: 'probe' }), { tags: ['latest'] });
  const { headers } = await plainClient(hub).pull('/v2/test/probe/manifests/latest', {
    method: 'HEAD',
    account: personalAccount,
  });
  return Number.parseInt(headers['ratelimit-remaining'] ?? '', 10);
}

/** Gets an image's manifests as containerd does: by HEAD, then by digest. */
async function pullManifests(mirror: TestMirror, image: ImageContent): Promise<void> {
  const head = await headManifest(mirror, repository, tag);
  assert.equal(head.headers['docker-content-digest'], image.manifest.digest);
  for (const { manifest } of [image, ...image.children.slice(0, 1)]) {
    const { status, bytes } = await getManifest(mirror, repository, manifest.digest);
    assert.deepEqual([status, bytes], [200, manifest.bytes]);
  }
}

describe('the pull of a multi-platform image by its tag', () => {
  test('spends two when it is cold and none when it is warm', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, index, { tags: [tag] });
    const pull = () => pullImage(mirror, repository, tag, index);
    assert.deepEqual(await costOf(scene, pull), { pulls: 2, gets: 2, heads: 1 });
    assert.deepEqual(await costOf(scene, pull), nothing);
  });

  test('spends no more with a HEAD first', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, index, { tags: [tag] });
    const head = () => headManifest(mirror, repository, tag);
    assert.deepEqual(await costOf(scene, head), { ...nothing, heads: 1 });
    const pull = () => pullManifests(mirror, index);
    assert.deepEqual(await costOf(scene, pull), { pulls: 2, gets: 2, heads: 0 });
  });

  test('spends one for each further platform', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, index, { tags: [tag] });
    await pullImage(mirror, repository, tag, index);
    const other = { ...index, children: [arm64] };
    const pull = () => pullImage(mirror, repository, tag, other);
    assert.deepEqual(await costOf(scene, pull), { pulls: 1, gets: 1, heads: 0 });
  });

  test('spends the same for a hundred clients as for one', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, index, { tags: [tag] });
    const held = hold(scene, 'manifest_head', 'manifest_get');
    const cost = await costOf(scene, async () => {
      const pulls = Array.from({ length: 100 }, () => pullManifests(mirror, index));
      await hub.waitFor({ operation: 'manifest_head' });
      held.release();
      await Promise.all(pulls);
    });
    assert.deepEqual(cost, { pulls: 2, gets: 2, heads: 1 });
  });

  test('spends none in another process', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror, restart } = scene;
    hub.addImage(repository, index, { tags: [tag] });
    await pullImage(mirror, repository, tag, index);
    const second = await restart();
    const pull = () => pullImage(second, repository, tag, index);
    assert.deepEqual(await costOf(scene, pull), nothing);
  });

  test('spends none under a second name on the Hub', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, index, { tags: [tag] });
    hub.addImage('acme/alpine', index, { tags: [tag] });
    await pullImage(mirror, repository, tag, index);
    const pull = () => pullImage(mirror, 'acme/alpine', tag, index);
    assert.deepEqual(await costOf(scene, pull), { pulls: 0, gets: 0, heads: 2 });
  });
});

test('a manifest that is asked for by tag and by digest at once is got once', async (t) => {
  const scene = await startCounted(t);
  const { hub, mirror } = scene;
  hub.addImage(repository, amd64, { tags: [tag] });
  hub.addImage(repository, arm64, { tags: ['other'] });
  await pullImage(mirror, repository, 'other', arm64);
  const held = hold(scene, 'manifest_get');
  const cost = await costOf(scene, async () => {
    const byDigest = getManifest(mirror, repository, amd64.manifest.digest);
    await hub.waitFor({ operation: 'manifest_get' });
    const byTag = getManifest(mirror, repository, tag);
    await hub.waitFor({ operation: 'manifest_head', status: 200 });
    held.release();
    const answers = await Promise.all([byDigest, byTag]);
    for (const { bytes } of answers) assert.deepEqual(bytes, amd64.manifest.bytes);
  });
  assert.deepEqual(cost, { pulls: 1, gets: 1, heads: 1 });
});

describe('a tag that moved, past its freshness', () => {
  const newer = buildMultiPlatformImage({ seed: 'newer' });
  const single = buildImage({ seed: 'single' });
  const regrouped = buildIndex([amd64, single]);
  const moves = {
    'to a digest that is held spends none': {
      image: amd64,
      cost: { pulls: 0, gets: 0, heads: 1 },
    },
    'to a new index of images that are held spends one': {
      image: regrouped,
      cost: { pulls: 1, gets: 1, heads: 1 },
    },
    'to a new image of one platform spends one': {
      image: single,
      cost: { pulls: 1, gets: 1, heads: 1 },
    },
    'to a new image of several platforms spends two': {
      image: newer,
      cost: { pulls: 2, gets: 2, heads: 1 },
    },
  };

  for (const [what, { image, cost }] of Object.entries(moves)) {
    test(what, async (t) => {
      const scene = await startCounted(t);
      const { clock, hub, mirror } = scene;
      hub.addImage(repository, index, { tags: [tag] });
      await pullImage(mirror, repository, tag, index);
      hub.addImage(repository, image, { tags: [tag] });
      clock.advance(hour);
      const pull = () => pullImage(mirror, repository, tag, image);
      assert.deepEqual(await costOf(scene, pull), cost);
      assert.deepEqual(await costOf(scene, pull), nothing);
    });
  }
});

describe('the check of a tag', () => {
  test('asks for nothing within its freshness, by HEAD or GET', async (t) => {
    const scene = await startCounted(t);
    const { clock, hub, mirror } = scene;
    hub.addImage(repository, amd64, { tags: [tag] });
    await pullImage(mirror, repository, tag, amd64);
    clock.advance(hour - 1);
    hub.forget();
    assert.equal((await headManifest(mirror, repository, tag)).status, 200);
    assert.equal((await getManifest(mirror, repository, tag)).status, 200);
    assert.deepEqual(hub.requests, []);
  });

  test('is one free HEAD past it, shared by all who wait', async (t) => {
    const scene = await startCounted(t);
    const { clock, hub, mirror } = scene;
    hub.addImage(repository, amd64, { tags: [tag] });
    await pullImage(mirror, repository, tag, amd64);
    clock.advance(hour);
    const held = hold(scene, 'manifest_head');
    const cost = await costOf(scene, async () => {
      const answers = Array.from({ length: 100 }, (_, each) =>
        (each % 2 === 0 ? headManifest : getManifest)(mirror, repository, tag),
      );
      await hub.waitFor({ operation: 'manifest_head' });
      held.release();
      for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    });
    assert.deepEqual(cost, { ...nothing, heads: 1 });
  });
});

describe('what does not exist costs one free request in each window', () => {
  const missing = {
    'as a tag': { reference: 'none', cost: { pulls: 0, gets: 0, heads: 1 } },
    'as a digest': { reference: arm64.manifest.digest, cost: { pulls: 0, gets: 1, heads: 0 } },
  };

  for (const [what, { reference, cost }] of Object.entries(missing)) {
    test(what, async (t) => {
      const scene = await startCounted(t);
      const { clock, hub, mirror } = scene;
      hub.addImage(repository, amd64, { tags: [tag] });
      await pullImage(mirror, repository, tag, amd64);
      const insist = async () => {
        // The first alone decides by which method; the others come together, and one after the other.
        assert.equal((await getManifest(mirror, repository, reference)).status, 404);
        const answers = Array.from({ length: 50 }, (_, each) =>
          (each % 2 === 0 ? headManifest : getManifest)(mirror, repository, reference),
        );
        for (const { status } of await Promise.all(answers)) assert.equal(status, 404);
        assert.equal((await headManifest(mirror, repository, reference)).status, 404);
      };
      assert.deepEqual(await costOf(scene, insist), cost);
      clock.advance(absentFreshness - 1);
      assert.deepEqual(await costOf(scene, insist), nothing);
      clock.advance(1);
      assert.deepEqual(await costOf(scene, insist), cost);
    });
  }

  test('though a hundred ask at once', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, amd64, { tags: [tag] });
    const held = hold(scene, 'manifest_head');
    const cost = await costOf(scene, async () => {
      const answers = Array.from({ length: 100 }, () => getManifest(mirror, repository, 'none'));
      await hub.waitFor({ operation: 'manifest_head' });
      held.release();
      for (const { status } of await Promise.all(answers)) assert.equal(status, 404);
    });
    assert.deepEqual(cost, { ...nothing, heads: 1 });
  });

  test('though a hundred ask at once for one digest', async (t) => {
    const scene = await startCounted(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, amd64, { tags: [tag] });
    const held = hold(scene, 'manifest_get');
    const cost = await costOf(scene, async () => {
      const { digest } = arm64.manifest;
      const answers = Array.from({ length: 100 }, () => getManifest(mirror, repository, digest));
      await hub.waitFor({ operation: 'manifest_get' });
      held.release();
      for (const { status } of await Promise.all(answers)) assert.equal(status, 404);
    });
    assert.deepEqual(cost, { ...nothing, gets: 1 });
  });
});

test('referrers kept under a tag spend one for as long as the tag stays', async (t) => {
  const scene = await startCounted(t, { hub: { referrersApi: false } });
  const { clock, hub, mirror } = scene;
  const { digest } = amd64.manifest;
  const signature = buildArtifact({ artifactType: 'application/vnd.test.signature' });
  hub.addImage(repository, amd64, { tags: [tag] });
  hub.addImage(repository, buildIndex([signature]), { tags: [digest.replace(':', '-')] });
  const list = async () => {
    const { status } = await ask(mirror, `/v2/${repository}/referrers/${digest}`);
    assert.equal(status, 200);
  };
  assert.deepEqual(await costOf(scene, list), { pulls: 1, gets: 1, heads: 1 });
  clock.advance(hour);
  assert.deepEqual(await costOf(scene, list), { ...nothing, heads: 1 });
});
