import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { generatedBlob } from '../support/blobContent.ts';
import { buildImage } from '../support/images.ts';
import type { TestMirror } from '../support/testMirror.ts';
import { askRaw, blobPath, filled, pullBlob } from './pulls.ts';
import { layoutOf, startScene, timesObserved, type Scene, type SceneOptions } from './scene.ts';

const repository = 'library/alpine';
const mebibyte = 1024 * 1024;
const blob = generatedBlob({ size: 3 * mebibyte, seed: 'a large blob' });

/** A scene whose mirror holds the first bytes of the blob, because the upstream had no more to give. */
async function startWithPartial(
  t: TestContext,
  length: number,
  options: SceneOptions = {},
): Promise<Scene> {
  const scene = await startScene(t, { resumeDelays: [], ...options });
  scene.hub.addImage(repository, buildImage({ layers: [blob] }), { tags: ['3.20'] });
  const cut = scene.hub.fault({ at: 'blob_body', cutAfter: length, times: 1 });
  const answer = await askRaw(scene.mirror, blobPath(repository, blob.digest));
  assert.ok(answer.bytes.length < blob.size);
  await filled(scene.mirror, blob.digest);
  assert.equal(cut.hits, 1);
  scene.hub.forget();
  return scene;
}

/** The ranges that the CDN was asked for. */
function rangesAsked({ hub }: Scene): Array<string | undefined> {
  const asked = hub.requests.filter(({ operation }) => operation === 'cdn_get');
  return asked.map(({ headers }) => headers.range);
}

async function incoming(mirror: TestMirror): Promise<number> {
  return (await readdir(layoutOf(mirror).incoming)).length;
}

describe('a blob that could not be had whole', () => {
  test('is gone on with by whoever asks next, and every reader gets all of it', async (t) => {
    const scene = await startWithPartial(t, 2 * mebibyte);
    const { mirror } = scene;
    await Promise.all(Array.from({ length: 5 }, () => pullBlob(mirror, repository, blob)));
    assert.deepEqual(rangesAsked(scene), [`bytes=${2 * mebibyte - 1}-`]);
    assert.equal(timesObserved(mirror, 'fillResumed'), 1);
    await filled(mirror, blob.digest);
    assert.equal(await incoming(mirror), 0);
  });

  test('is gone on with however often it breaks', async (t) => {
    const scene = await startWithPartial(t, mebibyte);
    const { hub, mirror } = scene;
    hub.fault({ at: 'blob_body', cutAfter: 500_000, times: 2 });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await askRaw(mirror, blobPath(repository, blob.digest));
      assert.ok(answer.bytes.length < blob.size);
      await filled(mirror, blob.digest);
    }
    await pullBlob(mirror, repository, blob);
    const starts = [mebibyte - 1, mebibyte + 499_999 - 1, mebibyte + 999_998 - 1];
    assert.deepEqual(
      rangesAsked(scene),
      starts.map((start) => `bytes=${start}-`),
    );
  });

  test('is gone on with when only its last byte is missing', async (t) => {
    const scene = await startWithPartial(t, blob.size - 1);
    await pullBlob(scene.mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [`bytes=${blob.size - 2}-`]);
  });

  test('stays for the next time when the upstream fails before its headers', async (t) => {
    const scene = await startWithPartial(t, mebibyte);
    scene.hub.fault({ at: 'blob_redirect', status: 503, times: 1 });
    const answer = await askRaw(scene.mirror, blobPath(repository, blob.digest));
    assert.equal(answer.status, 503);
    scene.hub.forget();
    await pullBlob(scene.mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [`bytes=${mebibyte - 2}-`]);
  });

  test('is fetched from its start by a CDN that ignores Range, and told to nobody', async (t) => {
    const scene = await startWithPartial(t, mebibyte);
    scene.hub.fault({ at: 'blob_body', ignoreRange: true });
    await pullBlob(scene.mirror, repository, blob);
  });

  test('is fetched anew when the upstream says that it is shorter than what is held', async (t) => {
    const scene = await startWithPartial(t, 2 * mebibyte);
    const refused = { at: 'blob_redirect', status: 416, times: 1 } as const;
    scene.hub.fault(refused);
    await pullBlob(scene.mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [undefined]);
    await filled(scene.mirror, blob.digest);
    assert.equal(await incoming(scene.mirror), 0);
  });

  test('is fetched anew when what comes for the rest is not even as long as what is held', async (t) => {
    const scene = await startWithPartial(t, 2 * mebibyte);
    scene.hub.fault({ at: 'blob_body', html: true, times: 1 });
    await pullBlob(scene.mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [`bytes=${2 * mebibyte - 1}-`, undefined]);
  });

  test('never spoils more than one answer when what is held of it was wrong', async (t) => {
    const scene = await startScene(t, { resumeDelays: [] });
    const { hub, mirror } = scene;
    hub.addImage(repository, buildImage({ layers: [blob] }), { tags: ['3.20'] });
    hub.fault({ at: 'blob_body', wrongByteAt: 10, cutAfter: mebibyte, times: 1 });
    for (const kept of [1, 0]) {
      const answer = await askRaw(mirror, blobPath(repository, blob.digest));
      assert.ok(answer.bytes.length < blob.size);
      await filled(mirror, blob.digest);
      assert.equal(await incoming(mirror), kept);
    }
    assert.equal(timesObserved(mirror, 'digestMismatched'), 1);
    hub.forget();
    await pullBlob(mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [undefined]);
  });
});

describe('after a restart', () => {
  test('a large blob is gone on with where it was', async (t) => {
    const scene = await startWithPartial(t, 2 * mebibyte);
    const mirror = await scene.restart();
    await pullBlob(mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [`bytes=${2 * mebibyte - 1}-`]);
  });

  test('a small one is fetched anew', async (t) => {
    const scene = await startWithPartial(t, mebibyte / 2);
    const mirror = await scene.restart();
    assert.equal(await incoming(mirror), 0);
    await pullBlob(mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [undefined]);
  });

  test('one that the stop broke off is gone on with', async (t) => {
    const scene = await startScene(t);
    const { hub } = scene;
    hub.addImage(repository, buildImage({ layers: [blob] }), { tags: ['3.20'] });
    hub.fault({ at: 'blob_body', stallAfter: 2 * mebibyte, times: 1 });
    const pull = askRaw(scene.mirror, blobPath(repository, blob.digest));
    await hub.waitFor({ operation: 'cdn_get' });
    const growing = await scene.mirror.mirror.fills.find(blob.digest)?.started;
    const length = () => growing?.length ?? 0;
    while (length() < 2 * mebibyte) await nextTurn();
    const mirror = await scene.restart();
    await pull;
    hub.forget();
    await pullBlob(mirror, repository, blob);
    assert.deepEqual(rangesAsked(scene), [`bytes=${2 * mebibyte - 1}-`]);
  });
});
