import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import type { MirroredRepository } from '../../src/mirror/mirroredUpstream.ts';
import { blobBytes, fixedBlob, generatedBlob } from '../support/blobContent.ts';
import { buildImage } from '../support/images.ts';
import type { TestMirror } from '../support/testMirror.ts';
import { filled, getBlob, pullBlob, pullImage } from './pulls.ts';
import { startScene, timesObserved } from './scene.ts';

const repository = 'library/alpine';
const other = 'library/debian';
const layer = generatedBlob({ size: 300_000, seed: 'a layer' });

function mirrored({ mirror }: TestMirror, text: string): MirroredRepository {
  const name = parseRepositoryName(text);
  assert.ok(name);
  return { ...mirror.upstreams.default, host: 'docker.io', name };
}

describe('an image that is not held', () => {
  test('costs one request of each kind when a hundred clients pull it at once', async (t) => {
    const { hub, mirror } = await startScene(t);
    const image = buildImage({ layers: [layer, fixedBlob('a second layer')] });
    hub.addImage(repository, image, { tags: ['3.20'] });
    await Promise.all(
      Array.from({ length: 100 }, () => pullImage(mirror, repository, '3.20', image)),
    );
    assert.equal(hub.count({ operation: 'token' }), 1);
    assert.equal(hub.count({ operation: 'manifest_head', status: 200 }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
    for (const { digest } of image.blobs) {
      assert.equal(hub.count({ operation: 'blob_get', reference: digest }), 1);
      assert.equal(hub.count({ operation: 'cdn_get', reference: digest }), 1);
    }
  });

  test('costs one token for each of two repositories', async (t) => {
    const { hub, mirror } = await startScene(t);
    const image = buildImage();
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, image, { tags: ['3.20'] });
    await Promise.all(
      [repository, other].flatMap((name) =>
        Array.from({ length: 10 }, () => pullImage(mirror, name, '3.20', image)),
      ),
    );
    for (const name of [repository, other]) {
      assert.equal(hub.count({ operation: 'token', repository: name }), 1);
    }
  });
});

describe('a layer that two repositories share', () => {
  const image = buildImage({ seed: 'one', layers: [layer] });
  const second = buildImage({ seed: 'two', layers: [layer] });

  test('comes from the CDN once when they are pulled one after the other', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, second, { tags: ['12'] });
    await pullImage(mirror, repository, '3.20', image);
    await pullImage(mirror, other, '12', second);
    assert.equal(hub.count({ operation: 'cdn_get', reference: layer.digest }), 1);
  });

  test('comes from the CDN once when they are pulled at the same moment', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, second, { tags: ['12'] });
    const held = hub.fault({ at: 'blob_body', delayHeaders: 'hold' });
    const pulls = [
      pullBlob(mirror, repository, layer),
      pullBlob(mirror, other, layer),
      pullBlob(mirror, other, layer),
    ];
    await hub.waitFor({ operation: 'cdn_get' });
    held.release();
    await Promise.all(pulls);
    await hub.idle();
    // Whether the other repository has it is found out by a GET of one byte.
    const transfers = hub.requests.filter((one) => one.origin === 'cdn' && one.bytesSent > 1);
    assert.equal(transfers.length, 1);
  });

  test('goes to the one that has it when it was asked of the other one first', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, buildImage({ seed: 'two' }), { tags: ['12'] });
    const held = hub.fault({ at: 'blob_redirect', delayHeaders: 'hold', times: 1 });
    const { blobs } = mirror.mirror;
    const lacking = blobs.get(mirrored(mirror, other), layer.digest);
    const having = blobs.get(mirrored(mirror, repository), layer.digest);
    await hub.waitFor({ operation: 'blob_get' });
    held.release();
    await assert.rejects(lacking, { code: 'BLOB_UNKNOWN' });
    await (await having).source.close();
    await pullBlob(mirror, repository, layer);
  });
});

describe('a fill', () => {
  test('is not joined once it has failed', async (t) => {
    const { hub, mirror } = await startScene(t, { resumeDelays: [] });
    hub.addImage(repository, buildImage({ layers: [layer] }), { tags: ['3.20'] });
    hub.fault({ at: 'blob_body', cutAfter: 1000, times: 1 });
    const { fills } = mirror.mirror;
    const { fill } = fills.join(mirrored(mirror, repository), layer.digest);
    const source = await fill.openSource();
    const readAll = async () => {
      for (let at = 0; ; at += 100) await source.read(Buffer.alloc(100), at);
    };
    await assert.rejects(readAll());
    const next = fills.join(mirrored(mirror, repository), layer.digest);
    assert.equal(next.joined, false);
    assert.ok((await getBlob(mirror, repository, layer.digest)).bytes.equals(blobBytes(layer)));
    await source.close();
  });

  test('is counted with its readers until it is over', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, buildImage({ layers: [layer] }), { tags: ['3.20'] });
    const stall = hub.fault({ at: 'blob_body', stallAfter: 1000 });
    const { fills } = mirror.mirror;
    const { fill } = fills.join(mirrored(mirror, repository), layer.digest);
    const sources = [await fill.openSource(), await fill.openSource()];
    assert.deepEqual([fills.count, fills.waiters], [1, 2]);
    stall.release();
    await fill.finished;
    await filled(mirror, layer.digest);
    assert.deepEqual([fills.count, fills.waiters], [0, 0]);
    await Promise.all(sources.map((source) => source.close()));
  });

  test('ends with the mirror, which is no failure', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, buildImage({ layers: [layer] }), { tags: ['3.20'] });
    hub.fault({ at: 'blob_body', stallAfter: 1000 });
    const { fills } = mirror.mirror;
    const { fill } = fills.join(mirrored(mirror, repository), layer.digest);
    await fill.started;
    await fills.stop();
    await assert.rejects(fill.finished);
    assert.equal(fills.count, 0);
    assert.equal(timesObserved(mirror, 'fillFailed'), 0);
  });
});
