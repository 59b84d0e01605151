import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';
import type { Fault } from '../support/hub/faults.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const image = buildImage();

async function startAlpine(t: Lifetime): Promise<ScriptedHub> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  return hub;
}

async function assertFailure(
  promise: Promise<unknown>,
  failure: UpstreamFailure,
  status?: number,
): Promise<UpstreamError> {
  const error = await rejection(promise);
  assert.ok(error instanceof UpstreamError, String(error));
  assert.deepEqual([error.failure, error.status], [failure, status]);
  assert.doesNotMatch(error.message, /\?|signature/i);
  return error;
}

function assertNameUnknown(error: unknown): void {
  assert.ok(error instanceof RegistryError, String(error));
  assert.equal(error.code, 'NAME_UNKNOWN');
}

const manifestFailures: [string, Omit<Fault, 'at'>, UpstreamFailure, number?][] = [
  ['500', { status: 500 }, 'server_error', 500],
  ['502', { status: 502 }, 'server_error', 502],
  ['503', { status: 503 }, 'server_error', 503],
  ['418', { status: 418 }, 'server_error', 418],
  ['nothing, by FIN', { refuse: 'fin' }, 'unreachable'],
  ['nothing, by RST', { refuse: 'reset' }, 'unreachable'],
  ['abuse limit in bare LF', { throttle: 'abuse_limit_bare_lf' }, 'abuse_limit'],
];

for (const [name, fault, failure, status] of manifestFailures) {
  for (const method of ['HEAD', 'GET']) {
    test(`a manifest ${method} answered with ${name} is a failure ${failure}`, async (t) => {
      const hub = await startAlpine(t);
      hub.fault({ at: ['manifest_head', 'manifest_get'], ...fault });
      const { upstream } = openHub(t, hub);
      const asked =
        method === 'HEAD'
          ? upstream.headManifest(alpine, latest)
          : upstream.getManifest(alpine, latest);
      await assertFailure(asked, failure, status);
    });
  }
}

test('a 503 tells when to come back', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  hub.fault({ at: 'manifest_head', status: 503, headers: { 'retry-after': '30' } });
  const error = await assertFailure(upstream.headManifest(alpine, latest), 'server_error', 503);
  assert.equal(error.retryAfter, 30);
});

describe('a manifest GET', () => {
  test('answered with the pull limit tells it, and when it is tried again', async (t) => {
    const hub = await startAlpine(t);
    hub.setRemaining('anonymous', 0);
    const { upstream } = openHub(t, hub);
    const error = await assertFailure(upstream.getManifest(alpine, latest), 'pull_limit', 429);
    assert.equal(error.retryAfter, 60);
  });

  test('answered with the abuse limit tells when to come back', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_get', throttle: 'abuse_limit' });
    const { upstream } = openHub(t, hub);
    const error = await assertFailure(upstream.getManifest(alpine, latest), 'abuse_limit', 429);
    assert.equal(error.retryAfter, 60);
  });

  test('whose body breaks off is unreachable', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_get', cutAfter: 20 });
    const { upstream } = openHub(t, hub);
    await assertFailure(upstream.getManifest(alpine, latest), 'unreachable');
  });

  test('whose body is too long is ended there', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub, { limits: { manifest: 100 } });
    const error = await assertFailure(upstream.getManifest(alpine, latest), 'server_error', 200);
    assert.match(error.message, /longer than 100 bytes/);
  });

  test('whose body stalls is unreachable when the time is over', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub, { limits: { callTimeout: 100 } });
    await upstream.headManifest(alpine, latest);
    hub.fault({ at: 'manifest_get', stallAfter: 20 });
    const error = await assertFailure(upstream.getManifest(alpine, latest), 'unreachable');
    assert.match(error.message, /no answer in time/);
  });

  test('answered with a content coding is refused: its digest would not be the one asked for', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_get', headers: { 'content-encoding': 'gzip' } });
    const { upstream } = openHub(t, hub);
    await assertFailure(upstream.getManifest(alpine, latest), 'server_error', 200);
  });

  test('answered with an empty 204 makes no sense', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'manifest_get', status: 204 });
    const { upstream } = openHub(t, hub);
    await assertFailure(upstream.getManifest(alpine, latest), 'server_error', 204);
  });
});

describe('what is absent', () => {
  test('is undefined, be it a tag, a manifest, or a blob', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    const { signal } = new AbortController();
    const { digest } = buildImage({ seed: 'other' }).manifest;
    assert.equal(await upstream.headManifest(alpine, reference('missing')), undefined);
    assert.equal(await upstream.getManifest(alpine, reference(digest)), undefined);
    assert.equal(await upstream.getBlob(alpine, digest, 0, signal), undefined);
    assert.equal(await upstream.hasBlob(alpine, digest), false);
  });

  test('is undefined where the registry calls the reference invalid', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: ['manifest_head', 'manifest_get'], status: 400 });
    const { upstream } = openHub(t, hub);
    assert.equal(await upstream.headManifest(alpine, latest), undefined);
    assert.equal(await upstream.getManifest(alpine, latest), undefined);
  });

  test('is NAME_UNKNOWN where the registry says that the repository is', async (t) => {
    const hub = await startHub(t, { auth: 'none' });
    const { upstream } = openHub(t, hub);
    const { signal } = new AbortController();
    assertNameUnknown(await rejection(upstream.getManifest(alpine, latest)));
    assertNameUnknown(await rejection(upstream.listTags(alpine, '')));
    const { digest } = image.config;
    assertNameUnknown(await rejection(upstream.getBlob(alpine, digest, 0, signal)));
    assertNameUnknown(await rejection(upstream.hasBlob(alpine, digest)));
    assertNameUnknown(await rejection(upstream.listReferrers(alpine, digest, '')));
  });

  test('is NAME_UNKNOWN where the registry forbids it', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: ['manifest_head', 'manifest_get', 'blob_redirect'], status: 403 });
    const { upstream } = openHub(t, hub);
    const { signal } = new AbortController();
    assertNameUnknown(await rejection(upstream.headManifest(alpine, latest)));
    assertNameUnknown(await rejection(upstream.getManifest(alpine, latest)));
    assertNameUnknown(await rejection(upstream.getBlob(alpine, image.config.digest, 0, signal)));
  });
});

for (const status of [400, 401, 403]) {
  test(`a CDN that answers ${status} refuses its signed address, not the blob`, async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'blob_body', status });
    const { upstream } = openHub(t, hub);
    const { signal } = new AbortController();
    const asked = upstream.getBlob(alpine, image.config.digest, 0, signal);
    const error = await assertFailure(asked, 'server_error', status);
    assert.match(error.message, new RegExp(`redirect target answered ${status}$`));
  });
}

test('a signed address that has expired is a failure that a new call can heal', async (t) => {
  const hub = await startAlpine(t);
  const { upstream } = openHub(t, hub);
  const { signal } = new AbortController();
  const { digest } = image.config;
  await upstream.hasBlob(alpine, digest);
  hub.fault({ at: 'blob_redirect', expireSignature: true, times: 1 });
  await assertFailure(upstream.getBlob(alpine, digest, 0, signal), 'server_error', 403);
  const blob = await upstream.getBlob(alpine, digest, 0, signal);
  assert.equal((await blob?.body.toArray())?.length, 1);
});
