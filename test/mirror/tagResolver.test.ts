import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { personalAccount } from '../support/hub/accounts.ts';
import { buildImage, buildMultiPlatformImage } from '../support/images.ts';
import type { TestMirror } from '../support/testMirror.ts';
import { errorCode, getBlob, getManifest, headManifest, pullImage } from './pulls.ts';
import { startScene } from './scene.ts';

const repository = 'library/alpine';
const hour = 3_600_000;
const image = buildImage();

describe('a fresh tag', () => {
  test('is pulled by tag, by digest and with its blobs without a single request upstream', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    await pullImage(mirror, repository, '3.20', image);
    await pullImage(mirror, repository, image.manifest.digest, image);
    const heads = await Promise.all([
      headManifest(mirror, repository, '3.20'),
      headManifest(mirror, repository, image.manifest.digest),
    ]);
    assert.deepEqual(
      heads.map(({ status, headers }) => [status, headers['x-cache']]),
      [
        [200, 'hit'],
        [200, 'hit'],
      ],
    );
    assert.deepEqual(hub.requests, []);
  });

  test('stays fresh for another process', async (t) => {
    const { hub, restart, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    const second = await restart();
    hub.forget();
    await pullImage(second, repository, '3.20', image);
    assert.deepEqual(hub.requests, []);
  });

  test('is asked for again when the clock was set back', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await getManifest(mirror, repository, '3.20');
    hub.forget();
    clock.advance(-1);
    const again = await getManifest(mirror, repository, '3.20');
    assert.equal(again.headers['x-cache'], 'revalidated');
    assert.equal(hub.count({ operation: 'manifest_head' }), 1);
  });
});

describe('a tag past its freshness', () => {
  test('costs one HEAD and no GET when it is unchanged', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    clock.advance(hour);
    const answer = await getManifest(mirror, repository, '3.20');
    assert.equal(answer.headers['x-cache'], 'revalidated');
    assert.deepEqual(answer.bytes, image.manifest.bytes);
    assert.equal(hub.count({ operation: 'manifest_head' }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('is fresh again after it was confirmed', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    clock.advance(hour);
    await getManifest(mirror, repository, '3.20');
    hub.forget();
    clock.advance(hour - 1);
    assert.equal((await getManifest(mirror, repository, '3.20')).headers['x-cache'], 'hit');
    assert.deepEqual(hub.requests, []);
  });

  test('is checked once for fifty clients', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    clock.advance(hour);
    const held = hub.fault({ at: 'manifest_head', delayHeaders: 'hold' });
    const pulls = Array.from({ length: 50 }, () => getManifest(mirror, repository, '3.20'));
    await hub.waitFor({ operation: 'manifest_head' });
    held.release();
    const answers = await Promise.all(pulls);
    assert.ok(answers.every(({ bytes }) => bytes.equals(image.manifest.bytes)));
    assert.equal(hub.count({ operation: 'manifest_head' }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('that moved costs one HEAD and one GET of the new digest', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    const newer = buildImage({ seed: 'newer' });
    hub.addImage(repository, newer, { tags: ['3.20'] });
    hub.forget();
    clock.advance(hour);
    const answer = await getManifest(mirror, repository, '3.20');
    assert.deepEqual(answer.bytes, newer.manifest.bytes);
    assert.equal(answer.headers['x-cache'], 'miss');
    assert.equal(hub.count({ operation: 'manifest_head' }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
    assert.equal(hub.count({ operation: 'manifest_get', reference: newer.manifest.digest }), 1);
  });

  test('that moved to a digest that is held costs no GET', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    const newer = buildImage({ seed: 'newer' });
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(repository, newer, { tags: ['edge'] });
    await pullImage(mirror, repository, '3.20', image);
    await pullImage(mirror, repository, 'edge', newer);
    hub.tag(repository, '3.20', newer);
    hub.forget();
    clock.advance(hour);
    const answer = await getManifest(mirror, repository, '3.20');
    assert.deepEqual(answer.bytes, newer.manifest.bytes);
    assert.equal(answer.headers['x-cache'], 'revalidated');
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });
});

test('without freshness each pull asks by one HEAD', async (t) => {
  const { hub, mirror } = await startScene(t, { tagFreshness: 0 });
  hub.addImage(repository, image, { tags: ['3.20'] });
  await pullImage(mirror, repository, '3.20', image);
  hub.forget();
  await getManifest(mirror, repository, '3.20');
  await getManifest(mirror, repository, '3.20');
  assert.equal(hub.count({ operation: 'manifest_head' }), 2);
  assert.equal(hub.count({ operation: 'manifest_get' }), 0);
});

test('a cold pull of a multi-platform image spends two counted requests: index and one child', async (t) => {
  const { hub, mirror } = await startScene(t);
  const index = buildMultiPlatformImage();
  hub.addImage(repository, index, { tags: ['3.20'] });
  await headManifest(mirror, repository, '3.20');
  assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  await pullImage(mirror, repository, '3.20', index);
  assert.deepEqual(
    hub.requests.flatMap((one) => (one.operation === 'manifest_get' ? one.reference : [])),
    [index.manifest.digest, index.children[0]?.manifest.digest],
  );
});

describe('a HEAD that is throttled', () => {
  for (const throttle of ['pull_limit', 'abuse_limit', 'abuse_limit_bare_lf'] as const) {
    test(`is followed by no GET, and the tag is served stale (${throttle})`, async (t) => {
      const { clock, hub, mirror } = await startScene(t);
      hub.addImage(repository, image, { tags: ['3.20'] });
      await pullImage(mirror, repository, '3.20', image);
      hub.forget();
      clock.advance(hour);
      hub.fault({ at: 'manifest_head', throttle });
      const answer = await getManifest(mirror, repository, '3.20');
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['x-cache'], 'stale');
      assert.match(answer.headers['warning'] ?? '', /^299 - "/);
      assert.deepEqual(answer.bytes, image.manifest.bytes);
      assert.equal(hub.count({ operation: 'manifest_get' }), 0);
    });

    test(`is followed by no GET when the tag is not known (${throttle})`, async (t) => {
      const { hub, mirror } = await startScene(t);
      hub.addImage(repository, image, { tags: ['3.20'] });
      hub.fault({ at: 'manifest_head', throttle });
      const answer = await getManifest(mirror, repository, '3.20');
      assert.equal(answer.status, throttle === 'pull_limit' ? 429 : 503);
      assert.ok(Number(answer.headers['retry-after']) > 0);
      assert.equal(hub.count({ operation: 'manifest_get' }), 0);
    });

    test(`is followed by no GET when the tag is known but its manifest is not held (${throttle})`, async (t) => {
      const { clock, hub, mirror } = await startScene(t);
      hub.addImage(repository, image, { tags: ['3.20'] });
      await headManifest(mirror, repository, '3.20');
      clock.advance(hour);
      hub.fault({ at: 'manifest_head', throttle });
      const answer = await getManifest(mirror, repository, '3.20');
      assert.equal(answer.status, 503);
      assert.equal(hub.count({ operation: 'manifest_get' }), 0);
    });
  }
});

describe('a failed check', () => {
  test('is not repeated within 30 seconds', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    clock.advance(hour);
    hub.fault({ at: 'manifest_head', status: 500 });
    await getManifest(mirror, repository, '3.20');
    hub.forget();
    clock.advance(29_999);
    const soon = await getManifest(mirror, repository, '3.20');
    assert.equal(soon.headers['x-cache'], 'stale');
    assert.deepEqual(hub.requests, []);
    clock.advance(1);
    await getManifest(mirror, repository, '3.20');
    assert.equal(hub.count({ operation: 'manifest_head' }), 1);
  });

  test('is forgotten when the next one succeeds', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    clock.advance(hour);
    hub.fault({ at: 'manifest_head', status: 500, times: 1 });
    await getManifest(mirror, repository, '3.20');
    clock.advance(30_000);
    const after = await getManifest(mirror, repository, '3.20');
    assert.equal(after.headers['x-cache'], 'revalidated');
    assert.equal(after.headers['warning'], undefined);
  });

  test('serves a tag until staleIfError is over and not a moment longer', async (t) => {
    const { clock, hub, mirror } = await startScene(t, { staleIfError: hour });
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    hub.fault({ at: 'manifest_head', status: 500 });
    clock.advance(2 * hour);
    assert.equal((await getManifest(mirror, repository, '3.20')).status, 200);
    clock.advance(1);
    const late = await getManifest(mirror, repository, '3.20');
    assert.equal(late.status, 503);
    assert.equal(errorCode(late), 'UNAVAILABLE');
  });
});

describe('what the upstream says is gone', () => {
  test('as a tag is gone here, and stays so while the upstream is down', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    hub.removeTag(repository, '3.20');
    clock.advance(hour);
    const gone = await getManifest(mirror, repository, '3.20');
    assert.deepEqual([gone.status, errorCode(gone)], [404, 'MANIFEST_UNKNOWN']);
    await hub.goDown();
    clock.advance(10_000);
    assert.equal((await getManifest(mirror, repository, '3.20')).status, 503);
  });

  for (const how of ['removeRepository', 'makePrivate'] as const) {
    test(`as a repository is gone here by tag, digest and blob (${how})`, async (t) => {
      const { clock, hub, mirror } = await startScene(t);
      hub.addImage(repository, image, { tags: ['3.20'] });
      await pullImage(mirror, repository, '3.20', image);
      hub[how](repository);
      clock.advance(hour);
      const byTag = await getManifest(mirror, repository, '3.20');
      assert.deepEqual([byTag.status, errorCode(byTag)], [404, 'NAME_UNKNOWN']);
      const byDigest = await getManifest(mirror, repository, image.manifest.digest);
      assert.deepEqual([byDigest.status, errorCode(byDigest)], [404, 'NAME_UNKNOWN']);
      const blob = await getBlob(mirror, repository, image.config.digest);
      assert.deepEqual([blob.status, errorCode(blob)], [404, 'NAME_UNKNOWN']);
      assert.equal((await getManifest(mirror, repository, '3.20')).status, 404);
    });

    test(`as a repository is served by no route while the upstream is down (${how})`, async (t) => {
      const { clock, hub, mirror, restart } = await startScene(t);
      const isUnavailable = async (one: TestMirror) => {
        assert.equal((await getManifest(one, repository, '3.20')).status, 503);
        assert.equal((await getManifest(one, repository, image.manifest.digest)).status, 503);
        assert.equal((await getBlob(one, repository, image.config.digest)).status, 503);
      };
      hub.addImage(repository, image, { tags: ['3.20'] });
      await pullImage(mirror, repository, '3.20', image);
      hub[how](repository);
      clock.advance(hour);
      await getManifest(mirror, repository, '3.20');
      await hub.goDown();
      clock.advance(10_000);
      await isUnavailable(mirror);
      await isUnavailable(await restart());
    });
  }

  test('as a repository takes its other tags along, fresh ones too', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20', 'latest'] });
    await pullImage(mirror, repository, '3.20', image);
    clock.advance(hour / 2);
    await getManifest(mirror, repository, 'latest');
    hub.makePrivate(repository);
    clock.advance(hour / 2);
    await getManifest(mirror, repository, '3.20');
    assert.equal((await getManifest(mirror, repository, 'latest')).status, 404);
  });

  test('as a repository is served again once it is back', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    hub.makePrivate(repository);
    clock.advance(hour);
    await getManifest(mirror, repository, '3.20');
    hub.makePublic(repository);
    clock.advance(10_000);
    await pullImage(mirror, repository, '3.20', image);
  });
});

describe('a held image', () => {
  /** Ways for an upstream to be of no use. */
  const outages = {
    'is down': (hub) => hub.goDown(),
    'answers 500': (hub) => {
      hub.fault({ at: ['token', 'manifest_head', 'manifest_get', 'blob_redirect'], status: 500 });
    },
    'has no pulls left': (hub) => {
      hub.fault({ at: ['manifest_head', 'manifest_get'], throttle: 'pull_limit' });
    },
    'refuses our credentials': (hub) => {
      hub.removeAccount(personalAccount.username);
      hub.revokeTokens();
    },
  } satisfies Record<string, (hub: Awaited<ReturnType<typeof startScene>>['hub']) => unknown>;
  const account = { name: personalAccount.username, secret: personalAccount.password };

  for (const [outage, begin] of Object.entries(outages)) {
    test(`is pulled by tag, marked stale, and by digest while the upstream ${outage}`, async (t) => {
      const { clock, hub, mirror } = await startScene(t, { account, privateAccess: 'allow' });
      hub.addImage(repository, image, { tags: ['3.20'] });
      await pullImage(mirror, repository, '3.20', image);
      await begin(hub);
      clock.advance(hour);
      await pullImage(mirror, repository, '3.20', image);
      const byTag = await headManifest(mirror, repository, '3.20');
      assert.equal(byTag.headers['x-cache'], 'stale');
      assert.match(byTag.headers['warning'] ?? '', /^299 - ".+"$/);
      await pullImage(mirror, repository, image.manifest.digest, image);
      const byDigest = await headManifest(mirror, repository, image.manifest.digest);
      assert.equal(byDigest.headers['x-cache'], 'hit');
      assert.equal(byDigest.headers['warning'], undefined);
    });

    test(`is pulled from a mirror that was started while the upstream ${outage}`, async (t) => {
      const { clock, hub, mirror, restart } = await startScene(t, {
        account,
        privateAccess: 'allow',
      });
      hub.addImage(repository, image, { tags: ['3.20'] });
      await pullImage(mirror, repository, '3.20', image);
      await begin(hub);
      clock.advance(hour);
      const second = await restart();
      await pullImage(second, repository, '3.20', image);
      await pullImage(second, repository, image.manifest.digest, image);
    });
  }
});
