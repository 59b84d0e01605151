import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseGlob } from '../../../src/registry/glob.ts';
import {
  eachImage,
  buildArtifact,
  buildImage,
  buildIndex,
  buildMultiPlatformImage,
} from '../../support/images.ts';
import { fixedBlob, generatedBlob } from '../../support/blobContent.ts';
import { fixedAccount } from '../../support/fixedAccount.ts';
import { personalAccount } from '../../support/hub/accounts.ts';
import type { ScriptedHub } from '../../support/hub/scriptedHub.ts';
import { manualClock } from '../../support/manualClock.ts';
import { getManifest, pullImage } from '../../mirror/pulls.ts';
import { createWarmer, doneIn, reasonsIn, startWarmScene } from './warmScene.ts';

const repository = 'library/alpine';
const tag = '3.20';
const name = 'alpine:3.20';
const hour = 3_600_000;
const mebibyte = 1024 * 1024;
const index = buildMultiPlatformImage();
const [amd64, arm64] = index.children;
assert.ok(amd64 !== undefined && arm64 !== undefined);
const attestation = { os: 'unknown', architecture: 'unknown' };

/** Manifests that the Hub gave, each of which it may count as a pull. */
function pulls(hub: ScriptedHub): number {
  return hub.count({ operation: 'manifest_get', status: 200 });
}

function blobsGiven(hub: ScriptedHub): number {
  return hub.count({ operation: 'cdn_get', status: 200 });
}

describe('the warming of an image', () => {
  test('costs two pulls for one platform of several, and what a client pulls then costs none', async (t) => {
    const { hub, mirror, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    const [warmed, done] = await warm([name]);
    assert.equal(pulls(hub), 2);
    assert.equal(blobsGiven(hub), 3);
    const sizes = [...amd64.blobs.map(({ size }) => size), amd64.manifest.bytes.length];
    const bytes = sizes.reduce((sum, size) => sum + size, index.manifest.bytes.length);
    assert.deepEqual(
      { ...warmed, seconds: 0 },
      {
        kind: 'warmed',
        image: name,
        digest: index.manifest.digest,
        platforms: ['linux/amd64'],
        bytes,
        fetchedBytes: bytes,
        seconds: 0,
      },
    );
    assert.deepEqual(
      { ...done, seconds: 0 },
      {
        kind: 'done',
        warmed: 1,
        failed: 0,
        fetchedBytes: bytes,
        seconds: 0,
      },
    );
    hub.forget();
    await pullImage(mirror, repository, tag, index);
    assert.deepEqual(hub.requests, []);
  });

  test('costs nothing again within the freshness of its tag', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    await warm([name]);
    hub.forget();
    const events = await warm([name]);
    assert.deepEqual(hub.requests, []);
    assert.equal(doneIn(events).warmed, 1);
    assert.equal(doneIn(events).fetchedBytes, 0);
  });

  test('costs one free HEAD past that', async (t) => {
    const { clock, hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    await warm([name]);
    hub.forget();
    clock.advance(hour);
    await warm([name]);
    const costs = hub.requests.map(({ operation }) => operation).filter((one) => one !== 'token');
    assert.deepEqual(costs, ['manifest_head']);
  });

  test('costs nothing more than what is missing of it', async (t) => {
    const { hub, mirror, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    await pullImage(mirror, repository, tag, index);
    hub.forget();
    await warm([name], 'linux/amd64', 'linux/arm64');
    assert.equal(pulls(hub), 1);
    assert.equal(blobsGiven(hub), 3);
  });

  test('counts as a use of all of it', async (t) => {
    const { clock, hub, mirror, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    await warm([name]);
    clock.advance(hour / 2);
    await warm([name]);
    const digests = [index, amd64].map(({ manifest }) => manifest.digest);
    for (const digest of [...digests, ...amd64.blobs.map((blob) => blob.digest)]) {
      assert.equal(mirror.store.blobs.describe(digest)?.usedAt, clock());
    }
  });

  test('by digest needs no tag', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    const events = await warm([`docker.io/library/alpine@${amd64.manifest.digest}`]);
    assert.equal(doneIn(events).warmed, 1);
    assert.equal(pulls(hub), 1);
  });

  test('shares its transfers with the clients that pull at the same time', async (t) => {
    const { hub, mirror, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    const manifests = hub.fault({ at: 'manifest_get', delayHeaders: 'hold' });
    const blobs = hub.fault({ at: 'blob_body', delayHeaders: 'hold' });
    const warming = warm([name]);
    const pulling = pullImage(mirror, repository, tag, index);
    await hub.waitFor({ operation: 'manifest_get' });
    manifests.release();
    await hub.waitFor({ operation: 'cdn_get' });
    blobs.release();
    await Promise.all([warming, pulling]);
    assert.equal(pulls(hub), 2);
    assert.equal(blobsGiven(hub), 3);
  });
});

describe('of an index', () => {
  test('all platforms are warmed if told so, attestations too', async (t) => {
    const { hub, mirror, warm } = await startWarmScene(t);
    const proof = {
      ...buildArtifact({ artifactType: 'application/vnd.in-toto' }),
      platform: attestation,
    };
    const whole = buildIndex([...index.children, proof]);
    hub.addImage(repository, whole, { tags: [tag] });
    const [warmed] = await warm([name], 'all');
    assert.deepEqual(warmed?.kind === 'warmed' && warmed.platforms, [
      'linux/amd64',
      'linux/arm64',
      'linux/arm/v7',
    ]);
    for (const { manifest, blobs } of eachImage(whole)) {
      for (const { digest } of [manifest, ...blobs]) {
        assert.ok(mirror.store.blobs.describe(digest) !== undefined);
      }
    }
  });

  test('a platform that it lacks is told, with those that it has, and nothing is fetched', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    const reasons = reasonsIn(await warm([name], 'linux/riscv64'));
    assert.deepEqual(reasons, [
      'it has no linux/riscv64; it has linux/amd64, linux/arm64, linux/arm/v7',
    ]);
    assert.equal(pulls(hub), 1);
    assert.equal(blobsGiven(hub), 0);
  });

  test('the other platforms are warmed where it lacks one', async (t) => {
    const { hub, mirror, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    const reasons = reasonsIn(await warm([name], 'linux/riscv64', 'linux/amd64'));
    assert.match(reasons[0] ?? '', /^it has no linux\/riscv64; /);
    hub.forget();
    await pullImage(mirror, repository, tag, index);
    assert.deepEqual(hub.requests, []);
  });

  test('what does not say its platform is warmed for want of one that does', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    const { platform: _, ...silent } = buildImage({ seed: 'silent' });
    hub.addImage(repository, buildIndex([silent]), { tags: [tag] });
    const events = await warm([name], 'linux/arm64');
    assert.equal(doneIn(events).warmed, 1);
    assert.equal(blobsGiven(hub), 3);
  });

  test('nothing is warmed for a text that is no platform', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    await assert.rejects(warm([name], 'windows'), { name: 'UpkeepError', failure: 'invalid' });
    assert.deepEqual(hub.requests, []);
  });
});

test('an image that is for one platform alone is warmed whatever that is', async (t) => {
  const { hub, warm } = await startWarmScene(t);
  hub.addImage(repository, arm64, { tags: [tag] });
  const [warmed] = await warm([name], 'linux/amd64');
  assert.deepEqual(warmed?.kind === 'warmed' && warmed.platforms, ['linux/arm64']);
});

describe('an image that can’t be had', () => {
  test('does not stop the others', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    const events = await warm(['alpine:none', 'quay.io/acme/app', 'Nonsense', name]);
    const { warmed, failed } = doneIn(events);
    assert.deepEqual([warmed, failed], [1, 3]);
    const reasons = reasonsIn(events).toSorted();
    assert.match(reasons[0] ?? '', /^"Nonsense" is no name of an image/);
    assert.deepEqual(reasons.slice(1), [
      'manifest unknown',
      'quay.io is no upstream of this mirror: add it under upstreams',
    ]);
  });

  test('for the reserve of the account is told so, with the time to wait, and asked for by nobody', async (t) => {
    const { username, password } = personalAccount;
    const account = fixedAccount(username, password);
    const essential = [parseGlob('acme/*')].filter((glob) => glob !== undefined);
    const clock = manualClock();
    const { hub, warm } = await startWarmScene(t, {
      now: clock,
      monotonicNow: clock,
      hub: { clock },
      privateAccess: 'allow',
      accountRules: { accounts: [account], reserve: 10, essential },
    });
    hub.addImage(repository, index, { tags: [tag] });
    hub.addImage('acme/app', index, { tags: [tag] });
    hub.setRemaining(username, 11);
    const reasons = reasonsIn(await warm([name]));
    assert.match(reasons[0] ?? '', /pull limit .* beyond the 10 in reserve.*; try again in \d+ s$/);
    assert.equal(pulls(hub), 1);
    assert.deepEqual(reasonsIn(await warm([`acme/app:${tag}`])), []);
  });

  test('for the pull limit is told so, and not asked for again', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    hub.fault({ at: 'manifest_get', throttle: 'pull_limit' });
    const reasons = reasonsIn(await warm([name]));
    assert.match(
      reasons[0] ?? '',
      /^the pull limit at docker\.io is used up .*; try again in \d+ s$/,
    );
    assert.equal(hub.count({ operation: 'manifest_get', status: 429 }), 1);
  });

  test('is none that only users may see', async (t) => {
    const account = { name: personalAccount.username, secret: personalAccount.password };
    const { hub, warm } = await startWarmScene(t, { account, privateAccess: 'users' });
    hub.addImage('acme/secret', index, { tags: [tag], private: true, allowed: [account.name] });
    assert.deepEqual(reasonsIn(await warm([`acme/secret:${tag}`])), []);
  });

  test('because only our account may see it is told so', async (t) => {
    const account = { name: personalAccount.username, secret: personalAccount.password };
    const { hub, warm } = await startWarmScene(t, { account });
    hub.addImage('acme/secret', index, { tags: [tag] });
    hub.makePrivate('acme/secret', [personalAccount.username]);
    const reasons = reasonsIn(await warm([`acme/secret:${tag}`]));
    assert.match(reasons[0] ?? '', /it is private or absent, and access\.private is deny/);
    assert.equal(pulls(hub), 0);
  });

  test('because the operator keeps it from everybody is told so', async (t) => {
    const { hub, warm, mirror } = await startWarmScene(t, {
      deny: [{ repositories: ['acme/*'], reason: 'ask the platform team' }],
    });
    hub.addImage('acme/app', index, { tags: [tag] });
    assert.match(reasonsIn(await warm([`acme/app:${tag}`]))[0] ?? '', /ask the platform team/);
    assert.deepEqual(hub.requests, []);
    assert.equal(mirror.store.blobs.count, 0);
  });

  test('while the tag can’t be confirmed is not taken for warm', async (t) => {
    const { clock, hub, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    await warm([name]);
    clock.advance(hour);
    await hub.goDown();
    assert.match(reasonsIn(await warm([name]))[0] ?? '', /could not confirm it/);
  });

  test('for want of room is told so, and not passed through', async (t) => {
    const { hub, mirror, warm } = await startWarmScene(t, { maxSize: mebibyte });
    const layers = [generatedBlob({ size: 16 * mebibyte, seed: 'large' })];
    hub.addImage(repository, buildImage({ layers }), { tags: [tag] });
    const reasons = reasonsIn(await warm([name]));
    assert.match(
      reasons[0] ?? '',
      /^the cache has no room for it: raise storage\.maxSize, lower storage\.minFree/,
    );
    assert.equal(mirror.store.blobs.describe(layers[0]?.digest ?? assert.fail()), undefined);
    assert.ok(hub.bytesSent('cdn') < 16 * mebibyte);
  });

  test('since another one of the same warming displaced it, is told so at the end', async (t) => {
    const { hub, warmer } = await startWarmScene(t, { maxSize: 2 * mebibyte });
    for (const image of ['one', 'two']) {
      const layers = [0, 1, 2].map((each) => generatedBlob({ size: 500_000, seed: image + each }));
      hub.addImage(`acme/${image}`, buildImage({ seed: image, layers }), { tags: [tag] });
    }
    const second = hub.fault({
      at: 'manifest_get',
      delayHeaders: 'hold',
      when: ({ repository: asked }) => asked === 'acme/two',
    });
    const told: unknown[] = [];
    const images = ['acme/one:3.20', 'acme/two:3.20'];
    for await (const event of warmer.warm({ images, platforms: [] })) {
      if (event.kind === 'warmed') second.release();
      if (event.kind === 'failed') told.push([event.image, event.reason]);
      else if (event.kind === 'done') told.push([event.warmed, event.failed]);
      else if (event.kind === 'warmed') told.push(event.image);
    }
    const reason = 'it had to make room for others: raise storage.maxSize, or warm less';
    assert.deepEqual(told, [...images, [images[0], reason], [1, 1]]);
  });

  test('as a whole, since the cache is smaller than it, is told so', async (t) => {
    const { hub, warm } = await startWarmScene(t, { maxSize: 2 * mebibyte });
    const layers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((seed) =>
      generatedBlob({ size: 400_000, seed }),
    );
    hub.addImage(repository, buildImage({ layers }), { tags: [tag] });
    assert.match(reasonsIn(await warm([name]))[0] ?? '', /no room .*storage\.maxSize/);
  });
});

describe('offline', () => {
  test('what is not all here fails, and what is succeeds', async (t) => {
    const { hub, mirror, restart, warm } = await startWarmScene(t);
    hub.addImage(repository, index, { tags: [tag] });
    hub.addImage('library/busybox', buildImage({ seed: 'busybox' }), { tags: [tag] });
    await warm([name]);
    await getManifest(mirror, 'library/busybox', tag);
    const second = createWarmer(await restart({ offline: true }), { offline: true });
    hub.forget();
    const images = [name, 'busybox:3.20', 'redis'];
    const events = await Array.fromAsync(second.warm({ images, platforms: ['linux/amd64'] }));
    const failed = events.flatMap((event) => (event.kind === 'failed' ? [event] : []));
    assert.deepEqual(failed.map(({ image }) => image).toSorted(), ['busybox:3.20', 'redis']);
    for (const { reason } of failed) assert.match(reason, /set to be offline/);
    assert.equal(events.filter(({ kind }) => kind === 'warmed').length, 1);
    assert.deepEqual(hub.requests, []);
  });
});

describe('a blob that fails', () => {
  test('is tried again twice', async (t) => {
    const { hub, warm } = await startWarmScene(t, { resumeDelays: [] });
    hub.addImage(repository, buildImage({ layers: [] }), { tags: [tag] });
    hub.fault({ at: 'blob_body', status: 500, times: 2 });
    assert.deepEqual(reasonsIn(await warm([name])), []);
    assert.equal(hub.count({ operation: 'cdn_get' }), 3);
  });

  test('fails its image after that', async (t) => {
    const { hub, warm } = await startWarmScene(t, { resumeDelays: [] });
    hub.addImage(repository, buildImage({ layers: [] }), { tags: [tag] });
    hub.fault({ at: 'blob_body', status: 500 });
    assert.match(reasonsIn(await warm([name]))[0] ?? '', /answered 500/);
    assert.equal(hub.count({ operation: 'cdn_get' }), 3);
  });

  test('is not asked for again where the upstream has none', async (t) => {
    const { hub, warm } = await startWarmScene(t, { resumeDelays: [] });
    const image = buildImage({ layers: [] });
    hub.addImage(repository, image, { tags: [tag] });
    hub.removeBlob(repository, image.config.digest);
    assert.deepEqual(reasonsIn(await warm([name])), ['blob unknown to registry']);
    assert.equal(hub.count({ operation: 'blob_get' }), 1);
  });
});

describe('at once', () => {
  test('there are three transfers of blobs at most, of all warmings together', async (t) => {
    const { hub, mirror, warm } = await startWarmScene(t);
    let most = 0;
    const look = () => {
      most = Math.max(most, mirror.mirror.fills.count);
      return true;
    };
    const held = hub.fault({ at: 'blob_body', delayHeaders: 'hold', when: look });
    for (const image of ['one', 'two', 'three']) {
      const layers = Array.from({ length: 6 }, (_, each) => fixedBlob(`${image} ${each}`));
      hub.addImage(`acme/${image}`, buildImage({ seed: image, layers }), { tags: [tag] });
    }
    const warming = [warm(['acme/one:3.20', 'acme/two:3.20']), warm(['acme/three:3.20'])];
    await hub.waitFor({ operation: 'cdn_get' }, 3);
    held.release();
    await Promise.all(warming);
    assert.equal(blobsGiven(hub), 21);
    assert.equal(most, 3);
  });

  test('two images of a warming are under way', async (t) => {
    const { hub, warm } = await startWarmScene(t);
    const images = ['one', 'two', 'three'];
    for (const image of images) {
      hub.addImage(`acme/${image}`, buildImage({ seed: image }), { tags: [tag] });
    }
    const held = hub.fault({ at: 'blob_body', delayHeaders: 'hold' });
    const warming = warm(images.map((image) => `acme/${image}:3.20`));
    await hub.waitFor({ operation: 'manifest_get', status: 200 }, 2);
    await hub.waitFor({ operation: 'cdn_get' }, 3);
    held.release();
    await warming;
    const third = hub.requests.findIndex((one) => one.repository === 'acme/three');
    const blobsBefore = hub.requests.slice(0, third).filter((one) => one.operation === 'cdn_get');
    assert.ok(blobsBefore.length >= 3);
  });
});

describe('progress', () => {
  test('tells how much is here, also of a blob that is on its way', async (t) => {
    const { hub, warmer } = await startWarmScene(t);
    const layers = [generatedBlob({ size: 2 * mebibyte, seed: 'slow' })];
    hub.addImage(repository, buildImage({ layers }), { tags: [tag] });
    const stalled = hub.fault({ at: 'blob_body', stallAfter: mebibyte });
    let before = 0;
    for await (const event of warmer.warm({ images: [name], platforms: [] })) {
      if (event.kind !== 'progress') continue;
      assert.ok(event.bytes >= before && event.bytes <= event.totalBytes);
      assert.equal(event.fetchedBytes, event.bytes);
      assert.ok(event.totalBytes > 2 * mebibyte);
      before = event.bytes;
      if (event.bytes >= mebibyte) stalled.release();
    }
    assert.ok(before >= mebibyte);
  });
});

test('when nobody iterates any more nothing new is begun', async (t) => {
  const { hub, warmer } = await startWarmScene(t);
  for (const image of ['one', 'two', 'three', 'four']) {
    hub.addImage(`acme/${image}`, buildImage({ seed: image }), { tags: [tag] });
  }
  const held = hub.fault({ at: 'blob_body', delayHeaders: 'hold' });
  const images = ['alpine', 'acme/one:3.20', 'acme/two:3.20', 'acme/three:3.20', 'acme/four:3.20'];
  for await (const { kind } of warmer.warm({ images, platforms: [] })) {
    if (kind !== 'failed') continue;
    await hub.waitFor({ operation: 'cdn_get' }, 3);
    break;
  }
  const begun = hub.requests.length;
  held.release();
  await hub.idle();
  const names = hub.requests.slice(begun).map(({ operation }) => operation);
  assert.deepEqual(names, []);
});
