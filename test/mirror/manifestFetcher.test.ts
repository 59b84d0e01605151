import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { RepositoryName } from '../../src/registry/repositoryName.ts';
import { buildImage } from '../support/images.ts';
import { errorCode, getManifest, pullImage } from './pulls.ts';
import { layoutOf, startScene, timesObserved } from './scene.ts';

const repository = 'library/alpine';
const other = 'library/debian';
const image = buildImage();
const { digest } = image.manifest;

describe('a manifest with a wrong byte', () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    test(`is answered with 503 and not kept (${algorithm})`, async (t) => {
      const { hub, mirror } = await startScene(t);
      const spoiled = buildImage({ algorithm });
      hub.addImage(repository, spoiled, { tags: ['3.20'] });
      const fault = hub.fault({ at: 'manifest_get', wrongByteAt: 40 });
      const answer = await getManifest(mirror, repository, spoiled.manifest.digest);
      assert.deepEqual([answer.status, errorCode(answer)], [503, 'UNAVAILABLE']);
      assert.equal(timesObserved(mirror, 'digestMismatched'), 1);
      const file = layoutOf(mirror).blobFile(spoiled.manifest.digest);
      await assert.rejects(access(file), { code: 'ENOENT' });
      fault.clear();
      await pullImage(mirror, repository, '3.20', spoiled);
    });
  }
});

describe('a page of HTML in the place of a manifest', () => {
  test('is answered with 503 by tag and not kept', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    const portal = hub.fault({ at: ['manifest_head', 'manifest_get'], html: true });
    const answer = await getManifest(mirror, repository, '3.20');
    assert.deepEqual([answer.status, errorCode(answer)], [503, 'UNAVAILABLE']);
    portal.clear();
    await pullImage(mirror, repository, '3.20', image);
  });

  test('is answered with 503 by digest', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.fault({ at: 'manifest_get', html: true });
    assert.equal((await getManifest(mirror, repository, digest)).status, 503);
  });

  test('does not take the place of a tag that is held', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    hub.fault({ at: ['manifest_head', 'manifest_get'], html: true });
    clock.advance(3_600_000);
    const answer = await getManifest(mirror, repository, '3.20');
    assert.equal(answer.headers['x-cache'], 'stale');
    assert.deepEqual(answer.bytes, image.manifest.bytes);
  });
});

test('a manifest is kept byte for byte with its media type', async (t) => {
  const { hub, mirror } = await startScene(t);
  const docker = buildImage({ format: 'docker' });
  hub.addImage(repository, docker, { tags: ['3.20'] });
  for (const outcome of ['miss', 'hit']) {
    const answer = await getManifest(mirror, repository, '3.20');
    assert.equal(answer.headers['x-cache'], outcome);
    assert.equal(answer.headers['content-type'], docker.manifest.mediaType);
    assert.deepEqual(answer.bytes, docker.manifest.bytes);
  }
});

describe('a manifest that two repositories ask for at the same moment', () => {
  test('is fetched once, and checked by HEAD for the other one', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image);
    hub.addImage(other, image);
    const held = hub.fault({ at: 'manifest_get', delayHeaders: 'hold' });
    const pulls = [repository, other].map((name) => getManifest(mirror, name, digest));
    await hub.waitFor({ operation: 'manifest_get' });
    held.release();
    const answers = await Promise.all(pulls);
    assert.ok(answers.every(({ bytes }) => bytes.equals(image.manifest.bytes)));
    assert.equal(hub.count({ operation: 'manifest_get', status: 200 }), 1);
  });

  test('goes to the one that has it when the other one lacks it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image);
    hub.addImage(other, buildImage({ seed: 'other' }));
    const { manifests } = mirror.mirror;
    const inRepository = (name: string) => {
      const { upstreams } = mirror.mirror;
      return { ...upstreams.default, host: 'docker.io', name: name as RepositoryName };
    };
    const reference = { kind: 'digest', digest } as const;
    const lacking = manifests.get(inRepository(other), reference);
    const having = manifests.get(inRepository(repository), reference);
    await assert.rejects(lacking, { code: 'MANIFEST_UNKNOWN' });
    assert.deepEqual((await having).bytes, image.manifest.bytes);
  });
});
