import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Absences } from '../../src/mirror/absences.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { parseTag } from '../../src/registry/reference.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { buildImage, buildIndex } from '../support/images.ts';
import {
  ask,
  blobPath,
  errorCode,
  getBlob,
  getManifest,
  headManifest,
  manifestPath,
  pullImage,
} from './pulls.ts';
import { startScene } from './scene.ts';

const repository = 'library/alpine';
const tag = '3.20';
const window = 10_000;
const image = buildImage();
const { digest } = image.manifest;
const late = buildImage({ seed: 'pushed later' });

describe('a tag that the upstream does not have', () => {
  test('is not found by HEAD and GET until the window is over, then is asked for again', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    const first = await getManifest(mirror, repository, 'late');
    hub.addImage(repository, late, { tags: ['late'] });
    hub.forget();
    clock.advance(window - 1);
    const again = await getManifest(mirror, repository, 'late');
    assert.deepEqual([again.status, again.bytes], [404, first.bytes]);
    assert.equal((await headManifest(mirror, repository, 'late')).status, 404);
    assert.deepEqual(hub.requests, []);
    clock.advance(1);
    await pullImage(mirror, repository, 'late', late);
  });

  test('is another one than the same tag of another repository', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    hub.addImage('acme/app', late, { tags: ['late'] });
    assert.equal((await getManifest(mirror, repository, 'late')).status, 404);
    await pullImage(mirror, 'acme/app', 'late', late);
  });

  test('is found as soon as a list of tags names it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    assert.equal((await getManifest(mirror, repository, 'late')).status, 404);
    hub.addImage(repository, late, { tags: ['late'] });
    await ask(mirror, `/v2/${repository}/tags/list`);
    await pullImage(mirror, repository, 'late', late);
  });

  test('is asked for each time where nothing is to be remembered', async (t) => {
    const { hub, mirror } = await startScene(t, { absentFreshness: 0 });
    hub.addImage(repository, image, { tags: [tag] });
    assert.equal((await getManifest(mirror, repository, 'late')).status, 404);
    hub.addImage(repository, late, { tags: ['late'] });
    await pullImage(mirror, repository, 'late', late);
  });
});

describe('a manifest that the upstream does not have', () => {
  test('is found as soon as a tag stands for it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    assert.equal((await getManifest(mirror, repository, late.manifest.digest)).status, 404);
    hub.addImage(repository, late, { tags: ['late'] });
    assert.equal((await getManifest(mirror, repository, late.manifest.digest)).status, 404);
    await pullImage(mirror, repository, 'late', late);
  });

  test('is found as soon as an index names it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    assert.equal((await headManifest(mirror, repository, late.manifest.digest)).status, 404);
    const index = buildIndex([late]);
    hub.addImage(repository, index, { tags: ['late'] });
    await pullImage(mirror, repository, 'late', index);
  });

  test('is not found by HEAD either, though a tag that was looked up before stands for it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    assert.equal((await headManifest(mirror, repository, tag)).status, 200);
    hub.fault({ at: 'manifest_get', status: 404 });
    assert.equal((await getManifest(mirror, repository, tag)).status, 404);
    assert.equal((await headManifest(mirror, repository, tag)).status, 404);
  });

  test('is looked for under another repository', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    hub.addImage('acme/app', late, { tags: ['late'] });
    assert.equal((await getManifest(mirror, repository, late.manifest.digest)).status, 404);
    assert.equal((await getManifest(mirror, 'acme/app', late.manifest.digest)).status, 200);
  });
});

describe('a repository that the upstream does not have', () => {
  const routes = [
    manifestPath(repository, 'latest'),
    manifestPath(repository, tag),
    manifestPath(repository, digest),
    blobPath(repository, image.config.digest),
    `/v2/${repository}/tags/list`,
    `/v2/${repository}/referrers/${digest}`,
  ];

  for (const first of routes) {
    test(`is not asked for by any route once ${first} was not found`, async (t) => {
      const { clock, hub, mirror } = await startScene(t);
      await ask(mirror, first);
      hub.addImage(repository, image, { tags: [tag] });
      hub.forget();
      for (const path of routes) {
        const answer = await ask(mirror, path);
        assert.deepEqual([path, answer.status, errorCode(answer)], [path, 404, 'NAME_UNKNOWN']);
      }
      assert.deepEqual(hub.requests, []);
      clock.advance(window);
      await pullImage(mirror, repository, tag, image);
    });
  }

  test('is found as soon as an answer that was on its way shows that there is one', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    await headManifest(mirror, repository, tag);
    const held = hub.fault({ at: 'manifest_get', stallAfter: 10 });
    const slow = getManifest(mirror, repository, digest);
    await hub.waitFor({ operation: 'manifest_get' });
    hub.makePrivate(repository);
    assert.equal((await getManifest(mirror, repository, 'other')).status, 404);
    hub.makePublic(repository);
    held.release();
    await slow;
    await pullImage(mirror, repository, tag, image);
  });
});

describe('a blob that the upstream does not have', () => {
  test('is not asked for again until the window is over', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    const first = await getBlob(mirror, repository, late.config.digest);
    assert.deepEqual([first.status, errorCode(first)], [404, 'BLOB_UNKNOWN']);
    hub.addImage(repository, late);
    hub.forget();
    assert.equal((await getBlob(mirror, repository, late.config.digest)).status, 404);
    assert.deepEqual(hub.requests, []);
    clock.advance(window);
    assert.equal((await getBlob(mirror, repository, late.config.digest)).status, 200);
  });

  test('is asked for again at once if a manifest vouches for it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    await getManifest(mirror, repository, tag);
    hub.fault({ at: 'blob_redirect', status: 404, times: 1 });
    assert.equal((await getBlob(mirror, repository, image.config.digest)).status, 404);
    assert.equal((await getBlob(mirror, repository, image.config.digest)).status, 200);
  });

  test('says nothing about a manifest with its digest', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: [tag] });
    assert.equal((await getBlob(mirror, repository, digest)).status, 404);
    assert.equal((await getManifest(mirror, repository, digest)).status, 200);
  });
});

describe('an upstream that fails', () => {
  const failures = {
    'answers 500': { status: 500 },
    'answers 503': { status: 503 },
    'has no pulls left': { throttle: 'pull_limit' },
    'says that we ask too much': { throttle: 'abuse_limit' },
  } as const;

  for (const [how, effect] of Object.entries(failures)) {
    test(`has said nothing about what exists when it ${how}`, async (t) => {
      const { clock, hub, mirror } = await startScene(t, { absentFreshness: 3_600_000 });
      hub.addImage(repository, image, { tags: [tag] });
      hub.fault({ at: ['manifest_head', 'manifest_get', 'blob_redirect'], ...effect });
      for (const path of [tag, digest].map((one) => manifestPath(repository, one))) {
        assert.notEqual((await ask(mirror, path)).status, 404);
      }
      hub.clearFaults();
      clock.advance(120_000);
      await pullImage(mirror, repository, tag, image);
    });
  }
});

test('what is remembered is bounded, and the oldest is forgotten first', async (t) => {
  const { mirror } = await startScene(t);
  const { default: mirrored } = mirror.mirror.upstreams;
  const name = parseRepositoryName(repository);
  assert.ok(name !== undefined);
  const sought = { ...mirrored, host: 'docker.io', name };
  const absences = new Absences(() => 0);
  const tags = Array.from({ length: 10_001 }, (_, each) => {
    const one = parseTag(`t${each}`);
    assert.ok(one !== undefined);
    return { kind: 'tag', tag: one } as const;
  });
  for (const one of tags) absences.note(sought, new RegistryError('MANIFEST_UNKNOWN'), one);
  const [first, second] = tags;
  assert.doesNotThrow(() => absences.refuse(sought, first));
  assert.throws(() => absences.refuse(sought, second), { code: 'MANIFEST_UNKNOWN' });
  assert.throws(() => absences.refuse(sought, tags.at(-1)), { code: 'MANIFEST_UNKNOWN' });
});

test('only that something is missing is remembered', async (t) => {
  const { mirror } = await startScene(t);
  const { default: mirrored } = mirror.mirror.upstreams;
  const name = parseRepositoryName(repository);
  assert.ok(name !== undefined);
  const sought = { ...mirrored, host: 'docker.io', name };
  const absences = new Absences(() => 0);
  const errors = [
    new UpstreamError('docker.io', 'server_error', 'failed'),
    new RegistryError('UNAVAILABLE'),
    new RegistryError('TOOMANYREQUESTS'),
    new Error('broken'),
  ];
  for (const error of errors) absences.note(sought, error, { kind: 'digest', digest });
  assert.doesNotThrow(() => absences.refuse(sought, { kind: 'digest', digest }));
});
