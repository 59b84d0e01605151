import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '../../src/registry/digest.ts';
import type { BlobBody } from '../../src/upstream/upstream.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { generatedBlob } from '../support/blobContent.ts';
import { fixedAccount } from '../support/fixedAccount.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { openHub, reference, rejection, repository, type TestUpstream } from './testUpstream.ts';

const alpine = repository('library/alpine');
const busybox = repository('library/busybox');
const latest = reference('latest');
const large = generatedBlob({ seed: 'large', size: 4 * 1024 * 1024 });
const image = buildImage({ layers: [large] });
const { signal } = new AbortController();

async function startAlpine(t: Lifetime): Promise<ScriptedHub> {
  const hub = await startHub(t);
  for (const name of ['library/alpine', 'library/busybox']) {
    hub.addImage(name, image, { tags: ['latest'] });
  }
  return hub;
}

function head({ upstream }: TestUpstream): Promise<unknown> {
  return upstream.headManifest(alpine, latest);
}

async function blob(
  { upstream }: TestUpstream,
  digest: Digest = image.config.digest,
  caller: AbortSignal = signal,
): Promise<BlobBody> {
  const opened = await upstream.getBlob(alpine, digest, 0, caller);
  assert.ok(opened !== undefined);
  return opened;
}

async function failure(promise: Promise<unknown>): Promise<UpstreamError> {
  const error = await rejection(promise);
  assert.ok(error instanceof UpstreamError, String(error));
  return error;
}

/** An upstream whose blob storage was found to be away. */
async function awayStorage(t: Lifetime) {
  const clock = manualClock(0);
  const hub = await startAlpine(t);
  const opened = openHub(t, hub, { now: clock });
  await hub.goDown('cdn');
  for (let count = 0; count < 5; count++) {
    assert.equal(await opened.upstream.canGiveBlobs(), true);
    await rejection(blob(opened));
  }
  return { clock, hub, opened };
}

/** Has the upstream fail for one repository and another, until it is taken to be away. */
async function failForTwo(opened: TestUpstream): Promise<void> {
  for (const name of [alpine, busybox, alpine, busybox, alpine, busybox]) {
    await rejection(opened.upstream.headManifest(name, latest));
  }
}

/** An upstream to which there is one connection of each kind. */
async function oneConnection(t: Lifetime, limits = {}) {
  const hub = await startAlpine(t);
  const opened = openHub(t, hub, {
    limits,
    agentLimits: { apiConnections: 1, blobConnections: 1 },
  });
  await head(opened);
  hub.forget();
  return { hub, opened };
}

describe('an upstream that fails again and again', () => {
  test('is not asked for a second, and says so at once as what it failed with', async (t) => {
    const clock = manualClock(0);
    const hub = await startAlpine(t);
    const opened = openHub(t, hub, { now: clock });
    hub.fault({ at: 'manifest_head', status: 503 });
    for (let count = 0; count < 5; count++) await rejection(head(opened));
    hub.forget();
    const exchanges = opened.observer.of('exchanged').length;
    const error = await failure(head(opened));
    assert.deepEqual([error.failure, error.status, error.retryAfter], ['server_error', 503, 1]);
    assert.match(error.message, /^hub\.test: manifest latest .*: not asked for another 1 s/);
    assert.deepEqual([hub.requests.length, opened.observer.of('exchanged').length], [0, exchanges]);
  });

  test('is asked by one call after that time, and by all when it answers', async (t) => {
    const clock = manualClock(0);
    const hub = await startAlpine(t);
    const opened = openHub(t, hub, { now: clock });
    const fault = hub.fault({ at: 'manifest_head', status: 503 });
    await failForTwo(opened);
    clock.advance(1000);
    fault.clear();
    hub.forget();
    const held = hub.fault({ at: 'manifest_head', delayHeaders: 'hold', times: 1 });
    const probe = head(opened);
    await hub.waitFor({ operation: 'manifest_head' });
    assert.equal((await failure(head(opened))).failure, 'server_error');
    held.release();
    assert.ok(await probe);
    assert.ok(await head(opened));
    assert.equal(hub.count({ operation: 'manifest_head', status: 200 }), 2);
    const circuit = 'circuit hub.test api';
    assert.deepEqual(opened.observer.of('circuit'), [`${circuit} open 1000`, `${circuit} closed`]);
  });

  test('is taken to be away at once when a call ran out of time', async (t) => {
    const clock = manualClock(0);
    const hub = await startAlpine(t);
    const opened = openHub(t, hub, { now: clock, limits: { callTimeout: 50 } });
    hub.fault({ at: 'manifest_head', delayHeaders: 'hold' });
    await rejection(head(opened));
    hub.forget();
    assert.equal((await failure(head(opened))).retryAfter, 1);
    assert.equal(hub.requests.length, 0);
  });

  for (const [limit, agentLimits] of [
    ['headers', { apiHeadersTimeout: 20 }],
    ['the body', { apiBodyTimeout: 20 }],
  ] as const) {
    test(`is taken to be away at once when ${limit} did not come in time`, async (t) => {
      const hub = await startAlpine(t);
      const opened = openHub(t, hub, { now: manualClock(0), agentLimits });
      const effect = limit === 'headers' ? ({ delayHeaders: 'hold' } as const) : { stallAfter: 10 };
      hub.fault({ at: 'manifest_get', ...effect });
      await rejection(opened.upstream.getManifest(alpine, latest));
      assert.equal((await failure(head(opened))).retryAfter, 1);
    });
  }

  test('counts one failure for fifty calls that wait for one token', async (t) => {
    const hub = await startAlpine(t);
    const opened = openHub(t, hub, { now: manualClock(0) });
    await head(opened);
    hub.fault({ at: 'token', status: 503, times: 1 });
    const other = repository('library/other');
    const calls = Array.from({ length: 50 }, () => opened.upstream.headManifest(other, latest));
    await Promise.all(calls.map(rejection));
    assert.ok(await head(opened));
  });
});

describe('a repository that fails, however often it is asked for,', () => {
  test('is asked more and more seldom, and takes no other away', async (t) => {
    const clock = manualClock(0);
    const hub = await startAlpine(t);
    const opened = openHub(t, hub, { now: clock });
    hub.addImage('library/broken', image, { tags: ['latest'] });
    hub.fault({
      at: 'manifest_head',
      status: 500,
      when: ({ path }) => path.includes('library/broken'),
    });
    const broken = repository('library/broken');
    for (let second = 0; second < 40; second++) {
      for (let count = 0; count < 5; count++) {
        await rejection(opened.upstream.headManifest(broken, latest));
      }
      assert.ok(await head(opened));
      clock.advance(1000);
    }
    assert.ok(hub.count({ operation: 'manifest_head', status: 500 }) <= 12);
    assert.deepEqual(opened.observer.of('circuit'), []);
  });

  test('takes no other away when nothing else is asked for meanwhile', async (t) => {
    const clock = manualClock(0);
    const hub = await startAlpine(t);
    const opened = openHub(t, hub, { now: clock });
    const fault = hub.fault({ at: 'manifest_head', status: 500 });
    for (let count = 0; count < 50; count++) await rejection(head(opened));
    fault.clear();
    assert.ok(await opened.upstream.headManifest(busybox, latest));
  });

  test('with its lists gives its manifests all the same', async (t) => {
    const hub = await startAlpine(t);
    const opened = openHub(t, hub, { limits: { callTimeout: 1000 } });
    hub.fault({ at: 'tags', delayHeaders: 'hold' });
    for (let count = 0; count < 3; count++) await rejection(opened.upstream.listTags(alpine, ''));
    assert.ok(await head(opened));
  });
});

test('a registry that refuses connections is away for all repositories', async (t) => {
  const clock = manualClock(0);
  const hub = await startAlpine(t);
  const opened = openHub(t, hub, { now: clock });
  await hub.goDown();
  for (let count = 0; count < 5; count++) await rejection(head(opened));
  const error = await failure(opened.upstream.headManifest(busybox, latest));
  assert.deepEqual([error.failure, error.retryAfter], ['unreachable', 1]);
});

describe('a blob storage that is away', () => {
  test('is asked for the last blob that it could not give, before anybody counts on it', async (t) => {
    const { clock, hub, opened } = await awayStorage(t);
    clock.advance(1000);
    hub.forget();
    assert.equal(await opened.upstream.canGiveBlobs(), false);
    await hub.comeUp('cdn');
    clock.advance(2000);
    hub.forget();
    const asked = [opened.upstream.canGiveBlobs(), opened.upstream.canGiveBlobs()];
    assert.deepEqual(await Promise.all(asked), [true, true]);
    const ranges = hub.requests
      .filter(({ operation }) => operation === 'cdn_get')
      .map(({ headers }) => headers.range);
    assert.deepEqual(ranges, ['bytes=0-0']);
  });

  test('is not asked, while manifests still are', async (t) => {
    const { hub, opened } = await awayStorage(t);
    hub.forget();
    assert.equal(await opened.upstream.canGiveBlobs(), false);
    assert.equal((await failure(blob(opened))).failure, 'unreachable');
    assert.equal(
      (await failure(opened.upstream.hasBlob(alpine, image.config.digest))).retryAfter,
      1,
    );
    assert.equal(hub.requests.length, 0);
    assert.ok(await head(opened));
  });

  test('can be asked again by another when the probe is given up', async (t) => {
    const { clock, hub, opened } = await awayStorage(t);
    await hub.comeUp('cdn');
    clock.advance(1000);
    hub.forget();
    const held = hub.fault({ at: 'blob_body', delayHeaders: 'hold', times: 1 });
    const controller = new AbortController();
    const probe = blob(opened, image.config.digest, controller.signal);
    await hub.waitFor({ operation: 'cdn_get' });
    assert.equal(await opened.upstream.canGiveBlobs(), false);
    controller.abort(new UpstreamError('hub.test', 'unreachable', 'left'));
    await rejection(probe);
    assert.equal(await opened.upstream.canGiveBlobs(), true);
    held.release();
    (await blob(opened)).body.destroy();
    assert.equal(opened.observer.of('circuit').at(-1), 'circuit hub.test blob closed');
  });
});

test('a log-in that is refused shows that the upstream is there', async (t) => {
  const hub = await startAlpine(t);
  const opened = openHub(t, hub, { accounts: [fixedAccount('somebody', 'wrong')] });
  for (let count = 0; count < 6; count++) await rejection(head(opened));
  assert.deepEqual(opened.observer.of('circuit'), []);
});

describe('an abuse limit', () => {
  for (const throttle of ['abuse_limit', 'abuse_limit_bare_lf'] as const) {
    for (const at of ['token', 'manifest_head'] as const) {
      test(`at the ${at} (${throttle}) is heeded by calls, and blobs are still asked for`, async (t) => {
        const clock = manualClock(0);
        const hub = await startAlpine(t);
        const opened = openHub(t, hub, { now: clock });
        hub.fault({ at, throttle, times: 1 });
        assert.equal((await failure(head(opened))).retryAfter, 60);
        clock.advance(20_000);
        const error = await failure(head(opened));
        assert.deepEqual([error.failure, error.retryAfter], ['abuse_limit', 40]);
        (await blob(opened)).body.destroy();
        clock.advance(40_000);
        assert.ok(await head(opened));
      });
    }

    for (const at of ['blob_redirect', 'blob_body'] as const) {
      test(`at the ${at} (${throttle}) is heeded by blobs, and manifests are still asked for`, async (t) => {
        const clock = manualClock(0);
        const hub = await startAlpine(t);
        const opened = openHub(t, hub, { now: clock });
        hub.fault({ at, throttle, times: 1 });
        const error = await failure(blob(opened));
        assert.deepEqual([error.failure, error.retryAfter], ['abuse_limit', 60]);
        assert.deepEqual(
          [await opened.upstream.canGiveBlobs(), Boolean(await head(opened))],
          [false, true],
        );
        clock.advance(60_000);
        (await blob(opened)).body.destroy();
      });
    }
  }
});

describe('calls beyond the connections', () => {
  test('wait without their own time running', async (t) => {
    const { hub, opened } = await oneConnection(t, { callTimeout: 300 });
    hub.fault({ at: 'manifest_head', delayHeaders: 60 });
    const heads = Array.from({ length: 8 }, () => head(opened));
    assert.ok((await Promise.all(heads)).every(Boolean));
  });

  test('wait for blobs before them without their own time running', async (t) => {
    const { hub, opened } = await oneConnection(t, { blobTimeout: 300 });
    hub.fault({ at: 'manifest_head', delayHeaders: 500 });
    const first = await blob(opened, large.digest);
    const second = blob(opened);
    await head(opened);
    first.body.destroy();
    (await second).body.destroy();
  });

  test('fail as busy when the wait is too long, which says nothing about the upstream', async (t) => {
    const { hub, opened } = await oneConnection(t, { callWait: 20 });
    const held = hub.fault({ at: 'manifest_head', delayHeaders: 'hold', times: 1 });
    const first = head(opened);
    await hub.waitFor({ operation: 'manifest_head' });
    const told = opened.observer.events.length;
    for (let count = 0; count < 6; count++) {
      const error = await failure(head(opened));
      assert.deepEqual([error.failure, error.retryAfter], ['busy', 5]);
    }
    assert.equal(opened.observer.events.length, told);
    assert.notEqual(opened.upstream.lastAnswerAt, undefined);
    held.release();
    assert.ok(await first);
    assert.ok(await head(opened));
  });

  test('fail at once where those before them found the upstream to be away', async (t) => {
    const { hub, opened } = await oneConnection(t, { callTimeout: 1000 });
    hub.fault({ at: 'manifest_head', delayHeaders: 'hold' });
    const errors = await Promise.all([1, 2, 3].map(() => failure(head(opened))));
    assert.deepEqual(
      errors.map(({ retryAfter }) => retryAfter),
      [undefined, 1, 1],
    );
    assert.equal(hub.count({ operation: 'manifest_head' }), 1);
  });

  test('end when their caller leaves', async (t) => {
    const { opened } = await oneConnection(t);
    const first = await blob(opened, large.digest);
    const controller = new AbortController();
    const waiting = blob(opened, large.digest, controller.signal);
    const reason = new Error('left');
    controller.abort(reason);
    assert.equal(await rejection(waiting), reason);
    first.body.destroy();
    (await blob(opened)).body.destroy();
  });

  for (const [way, end] of [
    ['was read', async ({ body }) => void (await body.toArray())],
    ['was destroyed', async ({ body }) => void body.destroy()],
    ['was ended by its caller', async (_, controller) => controller.abort()],
  ] satisfies [string, (opened: BlobBody, caller: AbortController) => Promise<void>][]) {
    test(`of blobs wait until the body before ${way}`, async (t) => {
      const { hub, opened } = await oneConnection(t);
      const controller = new AbortController();
      const first = await blob(opened, large.digest, controller.signal);
      const second = blob(opened, large.digest);
      assert.equal(hub.count({ operation: 'blob_get' }), 1);
      assert.ok(await head(opened), 'manifests have their own connection');
      await end(first, controller);
      (await second).body.destroy();
    });
  }

  for (const [what, fault] of [
    ['an answer that is refused', { status: 503 }],
    ['a body that breaks off', { resetAfter: 1000 }],
    ['a body that stalls', { stallAfter: 1000 }],
    ['a coded body', { headers: { 'content-encoding': 'gzip' } }],
  ] as const) {
    test(`of blobs go on after ${what}`, async (t) => {
      const hub = await startAlpine(t);
      const opened = openHub(t, hub, {
        agentLimits: { blobConnections: 1, blobBodyTimeout: 20 },
      });
      hub.fault({ at: 'blob_body', ...fault, times: 1 });
      await rejection(blob(opened, large.digest).then(({ body }) => body.toArray()));
      (await blob(opened)).body.destroy();
    });
  }
});
