import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { buildArtifact, buildImage, buildIndex, type ImageContent } from '../support/images.ts';
import { ask, getManifest, pullImage, type Answer } from './pulls.ts';
import { startScene, type Scene } from './scene.ts';

const repository = 'library/alpine';
const image = buildImage();
const subject = image.manifest;
const path = `/v2/${repository}/referrers/${subject.digest}`;
const signature = buildArtifact({ artifactType: 'application/vnd.test.signature', subject });
const sbom = buildArtifact({ artifactType: 'application/vnd.test.sbom', subject });
const halfMinute = 30_000;

function digestsIn({ bytes }: Answer): readonly Digest[] {
  const { manifests } = JSON.parse(bytes.toString()) as { manifests: { digest: Digest }[] };
  return manifests.map(({ digest }) => digest);
}

function fill({ hub }: Scene, artifacts: readonly ImageContent[]): void {
  hub.addImage(repository, image, { tags: ['3.20'] });
  for (const artifact of artifacts) hub.addImage(repository, artifact);
}

describe('with an upstream that has the referrers API', () => {
  test('the list is passed on as an index', async (t) => {
    const scene = await startScene(t);
    fill(scene, [signature, sbom]);
    const answer = await ask(scene.mirror, path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], mediaTypes.ociIndex);
    assert.deepEqual(digestsIn(answer), [signature.manifest.digest, sbom.manifest.digest]);
  });

  test('pages are linked to by addresses of the mirror', async (t) => {
    const scene = await startScene(t, { hub: { referrersPageSize: 1 } });
    fill(scene, [signature, sbom]);
    const first = await ask(scene.mirror, path);
    assert.deepEqual(digestsIn(first), [signature.manifest.digest]);
    const next = /^<(\/[^>]*)>; rel="next"$/.exec(first.headers['link'] ?? '')?.[1] ?? '';
    const second = await ask(scene.mirror, next);
    assert.deepEqual(digestsIn(second), [sbom.manifest.digest]);
    assert.equal(second.headers['link'], undefined);
  });

  test('the filter of the client is applied, which the answer says', async (t) => {
    const scene = await startScene(t);
    fill(scene, [signature, sbom]);
    const answer = await ask(scene.mirror, `${path}?artifactType=application/vnd.test.sbom`);
    assert.deepEqual(digestsIn(answer), [sbom.manifest.digest]);
    assert.equal(answer.headers['oci-filters-applied'], 'artifactType');
  });

  test('what nothing refers to has an empty index', async (t) => {
    const scene = await startScene(t);
    fill(scene, []);
    const answer = await ask(scene.mirror, path);
    assert.deepEqual([answer.status, digestsIn(answer)], [200, []]);
  });

  test('the list is served stale while the upstream fails', async (t) => {
    const scene = await startScene(t);
    fill(scene, [signature]);
    await ask(scene.mirror, path);
    await scene.hub.goDown();
    scene.clock.advance(halfMinute);
    const answer = await ask(scene.mirror, path);
    assert.equal(answer.headers['x-cache'], 'stale');
    assert.deepEqual(digestsIn(answer), [signature.manifest.digest]);
  });

  test('a repository that it says is gone is gone on all routes', async (t) => {
    const scene = await startScene(t);
    fill(scene, [signature]);
    await pullImage(scene.mirror, repository, '3.20', image);
    scene.hub.makePrivate(repository);
    scene.clock.advance(1);
    assert.equal((await ask(scene.mirror, path)).status, 404);
    assert.equal((await getManifest(scene.mirror, repository, '3.20')).status, 404);
  });
});

describe('with an upstream that has no referrers API', () => {
  const tag = subject.digest.replace(':', '-');
  const options = { hub: { referrersApi: false } };

  test('the list is the one under the tag of the digest', async (t) => {
    const scene = await startScene(t, options);
    fill(scene, []);
    scene.hub.addImage(repository, buildIndex([signature, sbom]), { tags: [tag] });
    const answer = await ask(scene.mirror, path);
    assert.equal(answer.headers['content-type'], mediaTypes.ociIndex);
    assert.deepEqual(digestsIn(answer), [signature.manifest.digest, sbom.manifest.digest]);
    assert.equal(answer.headers['oci-filters-applied'], undefined);
  });

  test('the filter of the client is applied here', async (t) => {
    const scene = await startScene(t, options);
    fill(scene, []);
    scene.hub.addImage(repository, buildIndex([signature, sbom]), { tags: [tag] });
    const answer = await ask(scene.mirror, `${path}?artifactType=application/vnd.test.sbom`);
    assert.deepEqual(digestsIn(answer), [sbom.manifest.digest]);
    assert.equal(answer.headers['oci-filters-applied'], 'artifactType');
  });

  test('no such tag means an empty index', async (t) => {
    const scene = await startScene(t, options);
    fill(scene, []);
    const answer = await ask(scene.mirror, path);
    assert.deepEqual([answer.status, digestsIn(answer)], [200, []]);
    assert.equal(answer.headers['content-type'], mediaTypes.ociIndex);
  });

  test('an image under that tag means an empty index', async (t) => {
    const scene = await startScene(t, options);
    fill(scene, []);
    scene.hub.tag(repository, tag, image);
    assert.deepEqual(digestsIn(await ask(scene.mirror, path)), []);
  });

  test('the tag of a sha512 is cut to 64 characters of the hash', async (t) => {
    const long = buildImage({ algorithm: 'sha512' });
    const scene = await startScene(t, options);
    fill(scene, []);
    const cut = long.manifest.digest.replace(':', '-').slice(0, 'sha512-'.length + 64);
    scene.hub.addImage(repository, buildIndex([signature]), { tags: [cut] });
    const answer = await ask(scene.mirror, `/v2/${repository}/referrers/${long.manifest.digest}`);
    assert.deepEqual(digestsIn(answer), [signature.manifest.digest]);
  });

  test('the list is served stale while the tag cannot be read', async (t) => {
    const scene = await startScene(t, {
      ...options,
      tagFreshness: 0,
      staleIfError: halfMinute - 1,
    });
    fill(scene, []);
    scene.hub.addImage(repository, buildIndex([signature]), { tags: [tag] });
    await ask(scene.mirror, path);
    scene.hub.fault({ at: ['manifest_head', 'manifest_get'], status: 500 });
    scene.clock.advance(halfMinute);
    for (const _ of ['once', 'again']) {
      const answer = await ask(scene.mirror, path);
      assert.equal(answer.headers['x-cache'], 'stale');
      assert.deepEqual(digestsIn(answer), [signature.manifest.digest]);
    }
  });
});
