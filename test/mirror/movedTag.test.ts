import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import type { FaultEffects } from '../support/hub/faultTable.ts';
import {
  buildImage,
  buildIndex,
  buildMultiPlatformImage,
  type ImageContent,
} from '../support/images.ts';
import { errorCode, getManifest, headManifest, pullBlob, pullImage, type Answer } from './pulls.ts';
import { layoutOf, startScene, type Scene, type SceneOptions } from './scene.ts';

const repository = 'library/alpine';
const tag = '3.20';
const hour = 3_600_000;
const halfMinute = 30_000;
// How long an account is set aside that met its pull limit for the first time.
const pullLimitPause = 60_000;
const older = buildImage({ seed: 'older' });
const newer = buildImage({ seed: 'newer' });

/** A tag that was pulled, has moved since, and is past its freshness. */
async function startMoved(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const scene = await startScene(t, options);
  const { clock, hub, mirror } = scene;
  hub.addImage(repository, older, { tags: [tag] });
  await pullImage(mirror, repository, tag, older);
  hub.addImage(repository, newer, { tags: [tag] });
  clock.advance(hour);
  hub.forget();
  return scene;
}

function assertEarlier(answer: Answer, { manifest }: ImageContent = older): void {
  const { status, headers } = answer;
  assert.equal(status, 200);
  assert.equal(headers['docker-content-digest'], manifest.digest);
  assert.equal(headers['content-type'], manifest.mediaType);
  assert.equal(headers['content-length'], String(manifest.bytes.length));
  assert.equal(headers['x-cache'], 'stale');
  assert.match(
    headers['warning'] ?? '',
    /^299 - "the tag moved at docker\.io .+ as of 2026-01-01T/,
  );
}

function assertNewer({ status, headers }: Answer): void {
  assert.equal(status, 200);
  assert.equal(headers['docker-content-digest'], newer.manifest.digest);
  assert.equal(headers['warning'], undefined);
}

describe('a tag that moved to a manifest that cannot be fetched', () => {
  const failures: Record<string, FaultEffects> = {
    'the pull limit is used up': { throttle: 'pull_limit' },
    'the address is throttled': { throttle: 'abuse_limit' },
    'the upstream fails': { status: 503 },
    'the connection breaks': { refuse: 'reset' },
    'other bytes come': { wrongByteAt: 0 },
    'a page of HTML comes': { html: true },
    'our log-in is refused': { status: 401 },
  };

  for (const [why, fault] of Object.entries(failures)) {
    test(`is pulled as it was before, when ${why}`, async (t) => {
      const { hub, mirror } = await startMoved(t);
      hub.fault({ at: 'manifest_get', ...fault });
      const answer = await getManifest(mirror, repository, tag);
      assertEarlier(answer);
      assert.deepEqual(answer.bytes, older.manifest.bytes);
      await pullImage(mirror, repository, tag, older);
    });
  }

  test('is described as it was before once that was found out, and no sooner', async (t) => {
    const { hub, mirror } = await startMoved(t);
    hub.fault({ at: 'manifest_get', throttle: 'pull_limit' });
    assertNewer(await headManifest(mirror, repository, tag));
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
    await getManifest(mirror, repository, tag);
    assertEarlier(await headManifest(mirror, repository, tag));
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
  });

  test('is pulled as before by clients that ask by HEAD and then by digest', async (t) => {
    const { hub, mirror } = await startMoved(t);
    hub.fault({ at: 'manifest_get', throttle: 'pull_limit' });
    assertNewer(await headManifest(mirror, repository, tag));
    assert.equal((await getManifest(mirror, repository, newer.manifest.digest)).status, 429);
    const again = await headManifest(mirror, repository, tag);
    assertEarlier(again);
    await pullImage(mirror, repository, again.headers['docker-content-digest'] ?? '', older);
  });

  test('asks for the new manifest once in 30 seconds, and brings it when it can', async (t) => {
    const { clock, hub, mirror } = await startMoved(t);
    const fault = hub.fault({ at: 'manifest_get', status: 503 });
    await getManifest(mirror, repository, tag);
    clock.advance(halfMinute - 1);
    assertEarlier(await getManifest(mirror, repository, tag));
    assert.equal(fault.hits, 1);
    clock.advance(1);
    assertEarlier(await getManifest(mirror, repository, tag));
    assert.equal(fault.hits, 2);
    hub.clearFaults();
    clock.advance(halfMinute);
    await pullImage(mirror, repository, tag, newer);
    assertNewer(await headManifest(mirror, repository, tag));
  });

  test('asks for the new manifest by no GET after a HEAD on it was throttled', async (t) => {
    const { clock, hub, mirror } = await startMoved(t);
    await headManifest(mirror, repository, tag);
    clock.advance(halfMinute);
    hub.fault({ at: 'manifest_head', throttle: 'pull_limit' });
    assertEarlier(await headManifest(mirror, repository, tag));
    hub.forget();
    assertEarlier(await headManifest(mirror, repository, tag));
    assertEarlier(await getManifest(mirror, repository, tag));
    assert.deepEqual(hub.requests, []);
  });

  test('is asked for the new manifest once for many clients', async (t) => {
    const { hub, mirror } = await startMoved(t);
    const held = hub.fault({ at: 'manifest_get', delayHeaders: 'hold', throttle: 'pull_limit' });
    const pulls = Array.from({ length: 20 }, () => getManifest(mirror, repository, tag));
    await hub.waitFor({ operation: 'manifest_get' });
    held.release();
    for (const answer of await Promise.all(pulls)) assertEarlier(answer);
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
  });

  test('is pulled as it was before by another process, and while the upstream is down', async (t) => {
    const { clock, hub, mirror, restart } = await startMoved(t);
    await headManifest(mirror, repository, tag);
    await hub.goDown();
    const second = await restart();
    assertEarlier(await headManifest(second, repository, tag));
    assertEarlier(await getManifest(second, repository, tag));
    clock.advance(hour);
    assertEarlier(await getManifest(second, repository, tag));
    assertEarlier(await headManifest(second, repository, tag));
  });

  test('is pulled as it was before by a mirror that is offline, at any time', async (t) => {
    const { clock, mirror, restart } = await startMoved(t, { staleIfError: hour });
    await headManifest(mirror, repository, tag);
    const offline = await restart({ offline: true });
    clock.advance(9 * hour);
    assertEarlier(await headManifest(offline, repository, tag));
    assertEarlier(await getManifest(offline, repository, tag));
  });

  test('is pulled as it was when it was last pulled, having moved twice', async (t) => {
    const { clock, hub, mirror } = await startMoved(t);
    hub.fault({ at: 'manifest_get', status: 500 });
    await getManifest(mirror, repository, tag);
    hub.addImage(repository, buildImage({ seed: 'newest' }), { tags: [tag] });
    clock.advance(hour);
    await pullImage(mirror, repository, tag, older);
  });

  test('is as it was, without a warning, when it moved back', async (t) => {
    const { clock, hub, mirror } = await startMoved(t);
    hub.fault({ at: 'manifest_get', status: 500 });
    await getManifest(mirror, repository, tag);
    hub.tag(repository, tag, older);
    clock.advance(hour);
    const { headers } = await getManifest(mirror, repository, tag);
    assert.deepEqual([headers['x-cache'], headers['warning']], ['revalidated', undefined]);
  });

  test('is served as before until staleIfError is over and not a moment longer', async (t) => {
    const { clock, hub, mirror } = await startMoved(t, { staleIfError: hour });
    hub.fault({ at: 'manifest_get', status: 500 });
    clock.advance(hour);
    assertEarlier(await getManifest(mirror, repository, tag));
    clock.advance(1);
    const late = await getManifest(mirror, repository, tag);
    assert.deepEqual([late.status, errorCode(late)], [503, 'UNAVAILABLE']);
  });

  test('is 503 when not all of what it was before is held', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, older, { tags: [tag] });
    await getManifest(mirror, repository, tag);
    hub.addImage(repository, newer, { tags: [tag] });
    clock.advance(hour);
    hub.fault({ at: 'manifest_get', status: 500 });
    assert.equal((await getManifest(mirror, repository, tag)).status, 503);
  });

  test('is 429 for want of pulls when not all of what it was before is held', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, older, { tags: [tag] });
    await getManifest(mirror, repository, tag);
    hub.addImage(repository, newer, { tags: [tag] });
    clock.advance(hour);
    hub.fault({ at: 'manifest_get', throttle: 'pull_limit' });
    const answer = await getManifest(mirror, repository, tag);
    assert.deepEqual([answer.status, errorCode(answer)], [429, 'TOOMANYREQUESTS']);
  });
});

test('a tag that did not move was nothing else before', async (t) => {
  const { clock, hub, mirror } = await startScene(t);
  hub.addImage(repository, older, { tags: [tag] });
  await getManifest(mirror, repository, tag);
  clock.advance(hour);
  await getManifest(mirror, repository, tag);
  const entries = await Array.fromAsync(mirror.store.catalog.tags.entries());
  assert.deepEqual(
    entries.map(([, { checkedAt, earlier }]) => [checkedAt, earlier]),
    [[clock(), undefined]],
  );
});

describe('a tag that moved to an image of which the layers cannot be fetched', () => {
  test('is pulled as it was before', async (t) => {
    const { clock, hub, mirror } = await startMoved(t);
    assertNewer(await getManifest(mirror, repository, tag));
    await pullBlob(mirror, repository, newer.config);
    await hub.goDown();
    clock.advance(halfMinute);
    assertEarlier(await getManifest(mirror, repository, tag));
    assertEarlier(await headManifest(mirror, repository, tag));
    clock.advance(hour);
    assertEarlier(await getManifest(mirror, repository, tag));
  });

  test('is pulled as it is once all of it is held', async (t) => {
    const { clock, hub, mirror } = await startMoved(t);
    await pullImage(mirror, repository, tag, newer);
    await hub.goDown();
    clock.advance(halfMinute);
    assertNewer(await getManifest(mirror, repository, tag));
    await pullImage(mirror, repository, tag, newer);
  });

  test('is nothing but what it is now once all of it was held at a check', async (t) => {
    const { clock, hub, mirror, restart } = await startMoved(t);
    await pullImage(mirror, repository, tag, newer);
    clock.advance(hour);
    await getManifest(mirror, repository, tag);
    await hub.goDown();
    await rm(layoutOf(mirror).blobFile(newer.config.digest));
    const second = await restart();
    assert.equal((await getManifest(second, repository, tag)).status, 503);
  });
});

describe('a tag that moved to an index of which a platform cannot be fetched', () => {
  const index = buildMultiPlatformImage({ seed: 'newer' });
  const [first, second] = index.children;
  assert.ok(first && second);
  const firstDigest = first.manifest.digest;

  /** The last pull of the limit went into the index. */
  async function startThrottled(t: TestContext): Promise<Scene> {
    const scene = await startMoved(t);
    const { hub, mirror } = scene;
    hub.addImage(repository, index, { tags: [tag] });
    hub.fault({ at: 'manifest_get', throttle: 'pull_limit', after: 1 });
    assert.deepEqual((await getManifest(mirror, repository, tag)).bytes, index.manifest.bytes);
    assert.equal((await getManifest(mirror, repository, firstDigest)).status, 429);
    return scene;
  }

  test('is pulled as it was before for 30 seconds', async (t) => {
    const { clock, mirror } = await startThrottled(t);
    assertEarlier(await headManifest(mirror, repository, tag));
    await pullImage(mirror, repository, tag, older);
    clock.advance(halfMinute);
    assert.deepEqual((await getManifest(mirror, repository, tag)).bytes, index.manifest.bytes);
  });

  test('is pulled as it is once the platform was fetched', async (t) => {
    const { clock, hub, mirror } = await startThrottled(t);
    hub.clearFaults();
    clock.advance(pullLimitPause);
    assert.equal((await getManifest(mirror, repository, firstDigest)).status, 200);
    assert.deepEqual((await getManifest(mirror, repository, tag)).bytes, index.manifest.bytes);
  });

  test('is pulled as it is by clients of a platform that is all here', async (t) => {
    const { hub, mirror } = await startMoved(t);
    hub.addImage(repository, index, { tags: [tag] });
    await pullImage(mirror, repository, tag, index);
    hub.fault({ at: 'manifest_get', throttle: 'pull_limit' });
    assert.equal((await getManifest(mirror, repository, second.manifest.digest)).status, 429);
    await pullImage(mirror, repository, tag, index);
  });
});

describe('what the upstream says is gone', () => {
  test('is gone though the tag was something else before', async (t) => {
    const { hub, mirror } = await startMoved(t);
    hub.fault({ at: 'manifest_get', status: 404 });
    const answer = await getManifest(mirror, repository, tag);
    assert.deepEqual([answer.status, errorCode(answer)], [404, 'MANIFEST_UNKNOWN']);
  });

  for (const how of ['removeRepository', 'makePrivate'] as const) {
    test(`as a repository takes along what a tag was before (${how})`, async (t) => {
      const { clock, hub, mirror } = await startMoved(t);
      hub.fault({ at: 'manifest_get', status: 500, times: 1 });
      assertEarlier(await getManifest(mirror, repository, tag));
      hub[how](repository);
      assert.equal((await headManifest(mirror, repository, 'another')).status, 404);
      assert.equal((await getManifest(mirror, repository, tag)).status, 404);
      await hub.goDown();
      for (const pause of [10_000, halfMinute, hour]) {
        clock.advance(pause);
        assert.equal((await getManifest(mirror, repository, tag)).status, 503);
        assert.equal((await headManifest(mirror, repository, tag)).status, 503);
      }
    });

    test(`as a repository is gone for whoever was waiting for the new manifest (${how})`, async (t) => {
      const { clock, hub, mirror } = await startScene(t);
      const empty = buildIndex([]);
      hub.addImage(repository, empty, { tags: [tag] });
      await getManifest(mirror, repository, tag);
      hub.addImage(repository, newer, { tags: [tag] });
      clock.advance(hour);
      hub.forget();
      hub.fault({ at: 'manifest_get', delayHeaders: 'hold' });
      const answer = getManifest(mirror, repository, tag);
      await hub.waitFor({ operation: 'manifest_get' });
      hub[how](repository);
      assert.equal((await headManifest(mirror, repository, 'another')).status, 404);
      await hub.goDown();
      assert.equal((await answer).status, 503);
    });

    test(`as a repository is found out by the GET of the new manifest (${how})`, async (t) => {
      const { clock, hub, mirror } = await startMoved(t);
      await headManifest(mirror, repository, tag);
      hub[how](repository);
      const answer = await getManifest(mirror, repository, tag);
      assert.deepEqual([answer.status, errorCode(answer)], [404, 'NAME_UNKNOWN']);
      await hub.goDown();
      clock.advance(10_000);
      assert.equal((await getManifest(mirror, repository, tag)).status, 503);
    });
  }
});
